"""What a person does with the lab, as short words for the browser tests."""

from playwright.sync_api import Page, Position, expect

PICTURES = "[...document.querySelectorAll('#converge .sight-now canvas')].map((c) => c.toDataURL()).join()"
SLOW = 60_000  # a shared machine may take long over what usually takes a second


def thinking(page: Page) -> Page:
    expect(page.locator('#converge [data-state="thought"]')).to_be_visible(timeout=SLOW)
    return page


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def clock(page: Page, name: str) -> str | None:
    return page.locator("#converge [data-step]").first.get_attribute(f"data-{name}")


def thought_id(page: Page) -> str | None:
    return clock(page, "thought")


def next_thought(page: Page, before: str | None) -> None:
    page.wait_for_function(
        "before => document.querySelector('#converge [data-step]').dataset.thought !== before", arg=before, timeout=SLOW
    )


def point_of_the_cloud(page: Page) -> Position:
    """A place of the map where a dot of the cloud is, and nothing above it."""
    return page.locator(".converge .plane").evaluate(
        """node => {
            const canvas = node.querySelector("canvas");
            const {data, width} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const box = node.getBoundingClientRect();
            for (let i = 3; i < data.length; i += 4 * 7) {
                const [x, y] = [((i - 3) / 4) % width, Math.floor((i - 3) / 4 / width)];
                if (data[i] > 100 && document.elementFromPoint(box.x + x, box.y + y) === canvas) return {x, y};
            }
        }"""
    )


def at_step(page: Page, step: int) -> None:
    expect(page.locator(f'#converge [data-step="{step}"]').first).to_be_attached()


def still(page: Page) -> None:
    """Stops the clock wherever it plays."""
    page.keyboard.press("Home")
    if clock(page, "playing") != "":
        page.keyboard.press("Space")
    expect(page.locator('#converge [data-playing=""]').first).to_be_attached()
    page.keyboard.press("Home")
    at_step(page, 0)


def drawn(page: Page) -> dict[str, str]:
    """What every view of the clock shows now."""
    return page.evaluate(
        """() => {
            const root = document.querySelector('#converge [data-step]');
            const picture = root.querySelector('.sight-now canvas.large, .sight-now canvas');
            return {
                pictures: PICTURES, named: picture ? root.querySelector('.sight-now').textContent : '',
                count: root.querySelector('.transport-count').textContent,
                moved: root.querySelector('.transport-minds').textContent,
                probes: root.querySelector('.bars').outerHTML,
                scores: root.querySelector('.scores').textContent,
                slider: root.querySelector('.curve-slider').value,
                mark: root.querySelector('.curve-now').outerHTML,
            };
        }""".replace("PICTURES", PICTURES)
    )
