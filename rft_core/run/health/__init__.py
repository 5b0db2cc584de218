"""What goes wrong while a run goes, told in plain words: from the rows of metrics.jsonl alone."""

from rft_core.run.health.facts import grader_facts
from rft_core.run.health.monitor import HealthMonitor
from rft_core.run.health.warning import Code, GraderFacts, HealthWarning, Role

__all__ = ["Code", "GraderFacts", "HealthMonitor", "HealthWarning", "Role", "grader_facts"]
