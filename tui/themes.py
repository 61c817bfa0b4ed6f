"""Our two themes, and the choice of a theme for the terminal at hand."""

from __future__ import annotations

import os
from collections.abc import Mapping

from textual.color import Color
from textual.theme import Theme

DARK = Theme(
    name="localsearch-dark",
    primary="#6ea8fe",
    secondary="#a8a2d8",
    accent="#e9b860",
    success="#86c99b",
    warning="#e9b860",
    error="#ef8080",
    foreground="#d9dde7",
    background="#11131a",
    surface="#161922",
    panel="#1f2430",
    dark=True,
    variables={
        "border": "#6ea8fe",
        "border-blurred": "#2b3140",
        "block-cursor-background": "#28344d",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#1f2737",
        "block-cursor-blurred-foreground": "#d9dde7",
        "input-selection-background": "#6ea8fe 35%",
        "scrollbar": "#2b3140",
        "scrollbar-hover": "#3a4256",
        "scrollbar-active": "#6ea8fe",
        "scrollbar-background": "#11131a",
        "scrollbar-background-hover": "#11131a",
        "scrollbar-background-active": "#11131a",
        "scrollbar-corner-color": "#11131a",
        "footer-background": "#11131a",
        "footer-key-foreground": "#6ea8fe",
        "footer-description-foreground": "#979fb3",
        "match": "#f0c674",
        "cursor-row": "#1d2433",
        "passage": "#191f2c",
        "dim": "#979fb3",
        "faint": "#6f7890",
    },
)

LIGHT = Theme(
    name="localsearch-light",
    primary="#2458b3",
    secondary="#6a4fa3",
    accent="#9a5b00",
    success="#22744a",
    warning="#9a5b00",
    error="#b3303f",
    foreground="#22262e",
    background="#fbfaf8",
    surface="#f4f2ee",
    panel="#e9e6df",
    dark=False,
    variables={
        "border": "#2458b3",
        "border-blurred": "#d5d1c8",
        "block-cursor-background": "#dbe5f6",
        "block-cursor-foreground": "#10131a",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#ece9e2",
        "block-cursor-blurred-foreground": "#22262e",
        "input-selection-background": "#2458b3 25%",
        "scrollbar": "#cfcabf",
        "scrollbar-hover": "#b9b3a6",
        "scrollbar-active": "#2458b3",
        "scrollbar-background": "#fbfaf8",
        "scrollbar-background-hover": "#fbfaf8",
        "scrollbar-background-active": "#fbfaf8",
        "scrollbar-corner-color": "#fbfaf8",
        "footer-background": "#fbfaf8",
        "footer-key-foreground": "#2458b3",
        "footer-description-foreground": "#62666f",
        "match": "#8a4b00",
        "cursor-row": "#e8eef9",
        "passage": "#f0f3f9",
        "dim": "#62666f",
        "faint": "#86827a",
    },
)

OURS = (DARK, LIGHT)
# Textual's own, in the colours that the user has given the terminal.
FEW_COLOURS = "ansi-dark"


def fallback_variables(theme: Theme) -> dict[str, str]:
    """The colours that only our themes name, made from a theme's own colours."""
    colours = theme.to_color_system().generate()
    if theme.ansi:
        return {
            "match": colours["text-accent"],
            "cursor-row": "ansi_default",
            "passage": "ansi_default",
            "dim": "ansi_default",
            "faint": "ansi_bright_black",
        }
    foreground = Color.parse(colours["foreground"])
    background = Color.parse(colours["background"])
    primary = Color.parse(colours["primary"])
    return {
        "match": colours["text-accent"],
        "cursor-row": background.blend(primary, 0.18).hex,
        "passage": background.blend(primary, 0.09).hex,
        "dim": foreground.blend(background, 0.35).hex,
        "faint": foreground.blend(background, 0.58).hex,
    }


def default_theme(environment: Mapping[str, str] | None = None) -> str:
    """The theme for this terminal when the user has chosen none."""
    environment = os.environ if environment is None else environment
    if has_few_colours(environment):
        return FEW_COLOURS
    # Set by rxvt, Konsole and others as foreground;background, in colours of the 16.
    _, _, background = environment.get("COLORFGBG", "").rpartition(";")
    return LIGHT.name if background in ("7", "15") else DARK.name


def has_few_colours(environment: Mapping[str, str]) -> bool:
    """Whether the terminal says that it has no more than 16 colours."""
    if environment.get("COLORTERM", "") in ("truecolor", "24bit"):
        return False
    term = environment.get("TERM", "")
    return term in ("linux", "xterm", "vt100", "vt220", "screen", "tmux", "ansi") or (
        term.endswith("-16color")
    )
