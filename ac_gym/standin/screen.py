"""The apps' windows as a player has them: what they show, and clicks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ac_gym.errors import UnknownNameError
from ac_gym.standin.windows import Control, Windows

Guard = Callable[..., Any]
"""calls a listener with arguments; what it raises ends in the game's log"""


class Screen:
    """Looks at the windows and works them; apps are named as they named themselves (`ac.newApp`)."""

    def __init__(self, windows: Windows, guard: Guard) -> None:
        self._windows, self._guard = windows, guard

    def apps(self) -> list[Control]:
        """The apps' windows."""
        return [control for control in self._windows.controls.values() if control.kind == "app"]

    def contents(self, app: str) -> list[Control]:
        """What the window of the app of that name holds, in the order in which it was made."""
        window = self._window(app)
        return [control for control in self._windows.controls.values() if control.parent == window.id]

    def texts(self, app: str) -> list[str]:
        """The texts that the window shows."""
        return [control.text for control in self.contents(app) if control.text and control.properties.get("visible", 1)]

    def click(self, app: str, text: str) -> None:
        """Clicks the button or check box of that text."""
        for control in self.contents(app):
            if control.text == text and control.kind == "check box":
                control.value = 0.0 if control.value else 1.0
                self._tell(control, "checked", text, 1 if control.value else -1)
                return
            if control.text == text and control.kind == "button":
                self._tell(control, "clicked", control.properties.get("x", 0), control.properties.get("y", 0))
                return
        buttons = [control.text for control in self.contents(app) if control.kind in ("button", "check box")]
        raise UnknownNameError(f"button of {app}", text, buttons)

    def spin(self, app: str, text: str, value: float) -> None:
        """Sets the spinner of that text."""
        control = self._named(app, "spinner", text)
        control.value = value
        self._tell(control, "value", value)

    def type(self, app: str, label: str, text: str) -> None:
        """Types `text` into the text input that shows `label`, and Enter."""
        control = self._named(app, "text input", label)
        control.text = text
        self._tell(control, "validated", text)

    def show(self, app: str, visible: bool = True) -> None:
        """Opens or closes the window."""
        window = self._window(app)
        window.properties["visible"] = int(visible)
        self._tell(window, "activated" if visible else "dismissed", window.id)

    def draw(self, seconds: float) -> None:
        """Calls the render callbacks of the open windows; `seconds` since the last time."""
        for window in self.apps():
            if window.properties.get("visible", 1):
                self._tell(window, "render", seconds)

    def _tell(self, control: Control, event: str, *arguments: Any) -> None:
        for listener in control.listeners.get(event, ()):
            self._guard(listener, *arguments)

    def _named(self, app: str, kind: str, text: str) -> Control:
        found = [control for control in self.contents(app) if control.kind == kind]
        for control in found:
            if control.text == text:
                return control
        raise UnknownNameError(f"{kind} of {app}", text, [control.text for control in found])

    def _window(self, app: str) -> Control:
        for window in self.apps():
            if window.text == app:
                return window
        raise UnknownNameError("app", app, [window.text for window in self.apps()])
