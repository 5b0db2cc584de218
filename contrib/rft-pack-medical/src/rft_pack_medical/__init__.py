"""A pack for rft-core: codes of a hierarchical system, graded with partial credit."""

from rft_pack_medical.config import HierarchyConfig
from rft_pack_medical.grader import HierarchyGrader
from rft_pack_medical.system import CodeSystem

__all__ = ["CodeSystem", "HierarchyConfig", "HierarchyGrader"]
