"""A study's state in one line: how far it is, why it stopped, whether the weights have changed since."""

from dataclasses import dataclass

from lab.views.style import escape, percent

STALE = "The weights have changed since: this is of the network as it was. Ask again for the present one."


@dataclass(frozen=True)
class Working:
    """How a study is, for a view. ``state`` as `lab.studies.study.StudyStatus` has it."""

    state: str = "none"
    done: int = 0
    total: int = 0
    text: str = ""
    stale: bool = False

    @property
    def share(self) -> float:
        return self.done / self.total if self.total else 0.0


IDLE = Working()


def progress_html(now: Working) -> str:
    """A bar while it works, a sentence when it failed, was stopped or is out of date; nothing when all is well."""
    if now.state in ("waiting", "running"):
        said = "Waiting for its turn" if now.state == "waiting" else f"{percent(now.share)} · {now.text}"
        return (
            '<p class="study-state" role="status"><span class="lab-progress">'
            f'<i style="transform:scaleX({now.share:.3f})"></i></span> {escape(said)}</p>'
        )
    if now.state in ("failed", "cancelled"):
        return f'<p class="study-state" data-state="{now.state}" role="status">{escape(now.text)}</p>'
    return f'<p class="study-state" role="status">{escape(STALE)}</p>' if now.stale else ""
