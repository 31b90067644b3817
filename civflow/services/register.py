"""Import every service that has effects, so that the gate finds them all, whatever was imported first."""

from civflow.services import applications, assessment, challenges, delivery, questions, teams, telling
from civflow.services.following import steps

SERVICES = (applications, assessment, challenges, delivery, questions, steps, teams, telling)
