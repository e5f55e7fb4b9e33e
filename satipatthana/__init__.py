"""Satipatthana: a recurrent attractor network that settles into a thought, judges it, and answers.

The public names stand in the order in which data flows. They are imported when first used, so that
``import satipatthana`` is quick.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from satipatthana.checkpoint import CheckpointError, SavedRun, load, load_run, save_run
    from satipatthana.components.objectives import ProbeDiversityLoss, StabilityLoss
    from satipatthana.components.vipassana import Insight
    from satipatthana.components.vitakka import VitakkaMeta
    from satipatthana.configs import (
        ConfigError,
        CurriculumConfig,
        RunConfig,
        SamathaConfig,
        StageConfig,
        StandardVitakkaConfig,
        SystemConfig,
    )
    from satipatthana.core.engines import SamathaEngine, SamathaOutput
    from satipatthana.core.luck import BatchLuck, LuckBySample
    from satipatthana.core.system import SatipatthanaSystem, SystemOutput, TrainingStage
    from satipatthana.data import load_dataset
    from satipatthana.santana import SantanaLog
    from satipatthana.train.records import Keyframe, StageProgress, StepRecord
    from satipatthana.train.trainer import SatipatthanaTrainer, TrainingError

_HOMES = {
    "load_dataset": "data",
    "ConfigError": "configs",
    "SystemConfig": "configs",
    "RunConfig": "configs",
    "SamathaConfig": "configs",
    "StandardVitakkaConfig": "configs",
    "CurriculumConfig": "configs",
    "StageConfig": "configs",
    "VitakkaMeta": "components.vitakka",
    "SantanaLog": "santana",
    "LuckBySample": "core.luck",
    "BatchLuck": "core.luck",
    "SamathaEngine": "core.engines",
    "SamathaOutput": "core.engines",
    "Insight": "components.vipassana",
    "SatipatthanaSystem": "core.system",
    "SystemOutput": "core.system",
    "TrainingStage": "core.system",
    "StabilityLoss": "components.objectives",
    "ProbeDiversityLoss": "components.objectives",
    "SatipatthanaTrainer": "train.trainer",
    "TrainingError": "train.trainer",
    "StepRecord": "train.records",
    "StageProgress": "train.records",
    "Keyframe": "train.records",
    "save_run": "checkpoint",
    "load": "checkpoint",
    "load_run": "checkpoint",
    "SavedRun": "checkpoint",
    "CheckpointError": "checkpoint",
}

__all__ = [  # noqa: RUF022 (the order of flow)
    "load_dataset",
    "ConfigError",
    "SystemConfig",
    "RunConfig",
    "SamathaConfig",
    "StandardVitakkaConfig",
    "CurriculumConfig",
    "StageConfig",
    "VitakkaMeta",
    "SantanaLog",
    "LuckBySample",
    "BatchLuck",
    "SamathaEngine",
    "SamathaOutput",
    "Insight",
    "SatipatthanaSystem",
    "SystemOutput",
    "TrainingStage",
    "StabilityLoss",
    "ProbeDiversityLoss",
    "SatipatthanaTrainer",
    "TrainingError",
    "StepRecord",
    "StageProgress",
    "Keyframe",
    "save_run",
    "load",
    "load_run",
    "SavedRun",
    "CheckpointError",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'satipatthana' has no attribute {name!r}")
    return getattr(importlib.import_module(f"satipatthana.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
