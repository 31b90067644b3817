"""Import every service that has effects, so that the gate finds them all, whatever was imported first."""

from civflow.services import (
    agreements,
    applications,
    assessment,
    binding,
    challenge_scoring,
    challenges,
    changes,
    closing,
    delivery,
    questions,
    readiness,
    seating,
    sessions,
    teams,
    telling,
    versions,
)
from civflow.services.following import steps

SERVICES = (
    agreements,
    applications,
    assessment,
    binding,
    challenge_scoring,
    challenges,
    changes,
    closing,
    delivery,
    questions,
    readiness,
    seating,
    sessions,
    steps,
    teams,
    telling,
    versions,
)
