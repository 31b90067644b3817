"""Look at the page that is open: whether it is whole, fits its window, and passes axe (WCAG 2.2 AA).

What axe finds follows from a page's elements, their looks and what they are for, hardly from the words in them. So the
parts of a page (header, navigation, the parts of main, footer, and what holds them) are drawn as skeletons: elements,
classes, roles, colours, large letters or not, what has text, what a label points to; hidden ones left out, brothers that
are alike once. Axe judges a skeleton once in a run, in the page where it is met first, and the first of brothers that are
alike; at another width it looks only for what widths change. A page that two roles see alike, a list of fifty rows, a form
that every step has, and a page on which JavaScript changes nothing are thereby judged once. What does follow from words,
the width and emptiness, is looked at on every page.
"""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
BY_WIDTH = ["target-size", "scrollable-region-focusable"]  # what these find depends on the width of the window

SETTLED = """
() => [...document.querySelectorAll('[data-module]')].every(e => e.getAttributeNames().some(n => n.endsWith('-init')))
"""

SKELETONS = """() => {
  const pointers = ['for', 'headers', 'aria-controls', 'aria-describedby', 'aria-labelledby', 'aria-owns'];
  const words = ['role', 'type', 'scope', 'tabindex', 'autocomplete', 'lang'];
  const fromScripts = ['js-enabled', 'govuk-frontend-supported'];
  const attribute = ({name, value}) => {
    if (name.startsWith('data-') || name.startsWith('hx-')) return '';
    if (pointers.includes(name)) return name + ':' + value.split(' ').every(id => document.getElementById(id));
    if (name === 'class') return value.split(' ').filter(word => !fromScripts.includes(word)).sort().join('.');
    if (words.includes(name) || /^(true|false|polite|page)$/.test(value)) return name + '=' + value;
    return value.trim() ? name : name + '-empty';
  };
  const where = 'body, header, .govuk-service-navigation, main, main > *, main > * > *, footer';
  const parts = [...document.querySelectorAll(where)].filter(part => part.checkVisibility());
  const alike = [];
  const draw = (element, isPart) => {
    if (!isPart && (parts.includes(element) || !element.checkVisibility())) return '';
    const style = getComputedStyle(element);
    const text = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);  // less contrast is enough for it
    const own = [element.localName, text, style.color, style.backgroundColor, large,
                 ...[...element.attributes].map(attribute).filter(Boolean).sort()];
    const inside = new Set();
    for (const child of element.children) {
      const drawn = draw(child, false);
      if (drawn && inside.has(drawn)) alike.push(child);
      inside.add(drawn);
    }
    return own.join(' ') + '{' + [...inside].join(';') + '}';
  };
  const head = [document.documentElement.lang, document.title !== '', document.querySelector('[name=viewport]')?.content];
  const drawn = parts.map(part => draw(part, true));
  window.civflowLooks = {parts, alike};
  return [head.join(' ') + drawn[0], ...drawn.slice(1)];
}"""

JUDGE = """
async ([tags, byWidth, settled, known]) => {
  const {parts, alike} = window.civflowLooks;
  const judge = async (wanted, options) => {
    if (!wanted.length) return [];
    // A wanted part inside another is judged all the same: for axe the nearer of the two decides.
    const include = wanted.includes(parts[0]) ? [document.documentElement] : wanted;
    const exclude = [...alike, ...parts.filter(part => !wanted.includes(part))];
    const found = await axe.run({include, exclude},
      {...options, resultTypes: ['violations'], elementRef: false, preload: false});
    return found.violations.map(v => v.id + ': ' + v.nodes[0].html.slice(0, 200));
  };
  const found = await judge(parts.filter((_, i) => !known.includes(i)), {runOnly: {type: 'tag', values: tags}});
  const other = parts.filter((_, i) => known.includes(i) && !settled.includes(i));
  return [...found, ...await judge(other, {runOnly: byWidth})];
}
"""

TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const scrolls = (e) => e && (getComputedStyle(e).overflowX !== 'visible' || scrolls(e.parentElement));
  const over = [...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > width + 0.5 && !scrolls(e.parentElement));
  return ['wider than the window: ' + over.slice(0, 3).map(e => e.outerHTML.slice(0, 200)).join(' ... ')];
}"""

EMPTY = """() => {
  const main = document.querySelector('main');
  if (!main) return ['no main'];
  const seen = (e) => e.checkVisibility();
  const says = (e) => e.textContent.trim() || e.querySelector('svg, img, input, select, textarea, [aria-label]') || e.ariaLabel;
  const headings = [...main.querySelectorAll('h1, h2, h3, h4')].filter(seen);
  const found = headings.filter(e => e.localName === 'h1').length === 1 ? [] : ['not one h1'];
  headings.forEach((heading, i) => {
    const next = headings.slice(i + 1).find(other => other.localName <= heading.localName);
    const range = document.createRange();
    range.setStartAfter(heading);
    if (next) range.setEndBefore(next); else range.setEndAfter(main);
    const under = document.createElement('div');
    under.append(range.cloneContents());
    under.querySelectorAll('h1, h2, h3, h4').forEach(e => e.remove());
    if (!says(under)) found.push('nothing under the heading ' + heading.innerText);
  });
  const boxes = 'h1, h2, h3, h4, p, ul, ol, dl, dd, tbody, th, select, legend, label, button, a, section, form';
  for (const box of main.querySelectorAll(boxes)) {
    if (seen(box) && !says(box) && !box.querySelector('[data-autosave-status]'))
      found.push('empty: ' + box.outerHTML.slice(0, 200));
  }
  return found;
}"""


LOOK = f"""
async () => {{
  await new Promise(done => requestAnimationFrame(done));
  return [[...({EMPTY})(), ...({TOO_WIDE})()], ({SKELETONS})()];
}}
"""


class Looking:
    """What axe has judged in this run, so that it is judged once, and at which widths."""

    def __init__(self) -> None:
        self.judged: set[str] = set()
        self.at_width: set[tuple[int, str]] = set()

    def faults(self, page: Page) -> list[str]:
        """All that is wrong with the open page at its present width; its own scripts are at rest."""
        faults, parts = page.evaluate(LOOK)
        return [*faults, *self._axe(page, parts)]

    def _axe(self, page: Page, parts: list[str]) -> list[str]:
        width = page.viewport_size["width"] if page.viewport_size else 0
        here = {(width, part) for part in parts}
        if here <= self.at_width:
            return []
        known, settled = [], []
        if parts[0] in self.judged:  # within a new frame everything is judged: some rules are for whole pages
            known = [n for n, part in enumerate(parts) if part in self.judged or part in parts[:n]]
            settled = [n for n, part in enumerate(parts) if (width, part) in self.at_width or part in parts[:n]]
        self.judged.update(parts)
        self.at_width |= here
        if not page.evaluate("() => 'axe' in window"):
            page.evaluate(AXE_SCRIPT)
        return list(page.evaluate(JUDGE, [RULES, BY_WIDTH, settled, known]))
