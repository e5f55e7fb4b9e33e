"""The doctor: one button at the foot of Train, the verdict and the list of checks."""

from lab.session import Session
from lab.studies.study import StudyStatus
from lab.tabs.page import Page
from lab.tabs.study import study_panel
from lab.views.doctor import DoctorInfo, doctor_html

WORDS = {"examine": "Examine this run"}


def section(page: Page, tab: str) -> None:
    """Places it; call it inside the tab of this name."""
    study_panel(page, tab, "doctor", WORDS["examine"], draw)


def draw(session: Session, status: StudyStatus) -> str:
    """What is known of the run so far."""
    return doctor_html(
        DoctorInfo(
            found=status.found,
            busy=status.busy,
            done=status.done,
            total=status.total,
            text=status.text,
            failed=status.state == "failed",
            earlier=status.found is not None and status.version != session.weights_version,
        )
    )
