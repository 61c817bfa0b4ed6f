"""Each editor and viewer is told the place in its own way."""

from __future__ import annotations

import pytest

from localsearch.types import Hit, Locator, UsageError
from tests.tui.making import make_hit
from tui.opening import Desk, plan_folder, plan_opening

CODE = make_hit("/src/a b.py", kind="code", locator=Locator(line_start=12, line_end=20))
PDF = make_hit("/docs/lease.pdf", kind="pdf", locator=Locator(page=3))


def desk(platform: str = "linux", installed: tuple[str, ...] = (), **environment: str) -> Desk:
    return Desk(
        platform,
        environment,
        lambda name: f"/usr/bin/{name}" if name in installed else None,
        lambda path: path in installed,
    )


@pytest.mark.parametrize(
    ("editor", "arguments", "terminal"),
    [
        ("vim", "vim +12 PATH", True),
        ("/usr/bin/nvim -R", "/usr/bin/nvim -R +12 PATH", True),
        ("nano", "nano +12,1 PATH", True),
        ("hx", "hx PATH:12:1", True),
        ("micro", "micro +12:1 PATH", True),
        ("code --wait", "code --wait --goto PATH:12:1", False),
        ("zed", "zed PATH:12:1", False),
        ("subl -n", "subl -n PATH:12:1", False),
        ("pycharm", "pycharm --line 12 --column 1 PATH", False),
        ("idea", "idea --line 12 --column 1 PATH", False),
        ("emacs -nw", "emacs -nw +12:1 PATH", True),
        ("emacs", "emacs +12:1 PATH", False),
        ("ed", "ed PATH", True),
    ],
)
def test_editors(editor: str, arguments: str, terminal: bool) -> None:
    launch = plan_opening(CODE, {}, desk(EDITOR=editor, DISPLAY=":0"))
    expected = tuple(word.replace("PATH", CODE.path) for word in arguments.split(" "))
    assert launch.arguments == expected
    assert launch.terminal == terminal


def test_emacs_without_a_display_draws_in_the_terminal() -> None:
    launch = plan_opening(CODE, {}, desk(EDITOR="emacs"))
    assert launch.arguments == ("emacs", "-nw", "+12:1", CODE.path)
    assert launch.terminal


def test_visual_comes_before_editor() -> None:
    assert plan_opening(CODE, {}, desk(EDITOR="ed", VISUAL="hx")).arguments[0] == "hx"


@pytest.mark.parametrize(
    ("viewer", "arguments"),
    [
        ("zathura", ("--page=3", PDF.path)),
        ("evince", ("--page-index=3", PDF.path)),
        ("okular", ("--page", "3", PDF.path)),
        ("SumatraPDF", ("-page", "3", PDF.path)),
    ],
)
def test_pdf_viewers(viewer: str, arguments: tuple[str, ...]) -> None:
    launch = plan_opening(PDF, {}, desk(installed=(viewer,), DISPLAY=":0"))
    assert launch.arguments == (f"/usr/bin/{viewer}", *arguments)
    assert not launch.terminal


def test_skim_is_told_the_page_by_its_address() -> None:
    launch = plan_opening(PDF, {}, desk("darwin", ("/Applications/Skim.app",)))
    assert launch.arguments == ("open", "skim:///docs/lease.pdf#page=3")


def test_without_a_viewer_the_system_opens() -> None:
    assert plan_opening(PDF, {}, desk(DISPLAY=":0")).arguments == ("xdg-open", PDF.path)
    assert plan_opening(PDF, {}, desk("darwin")).arguments == ("open", PDF.path)
    assert plan_opening(PDF, {}, desk("win32")).arguments == ()
    mail = make_hit("/mail/1.eml", kind="mail")
    assert plan_opening(mail, {}, desk(EDITOR="vim")).arguments == ("xdg-open", "/mail/1.eml")


@pytest.mark.parametrize("name", [".pdf", "pdf"])
def test_templates_of_the_user_come_first(name: str) -> None:
    launch = plan_opening(PDF, {name: "viewer --at {page} '{path}'"}, desk(installed=("zathura",)))
    assert launch.arguments == ("viewer", "--at", "3", PDF.path)


def test_a_template_may_take_the_terminal() -> None:
    assert plan_opening(CODE, {"code": "tty:bat {path} -H {line}"}, desk()).terminal
    assert plan_opening(CODE, {"py": "nvim +{line} {path}"}, desk()).terminal


@pytest.mark.parametrize("template", ["viewer {nothing}", "viewer '{path}", "viewer {path.x}", " "])
def test_a_template_that_makes_no_sense_is_refused(template: str) -> None:
    with pytest.raises(UsageError, match="open_with"):
        plan_opening(PDF, {"pdf": template}, desk())


def test_a_hostile_name_stays_one_argument() -> None:
    hit = make_hit("/tmp/$(rm -rf ~) '; x {line}.py", kind="code")
    launch = plan_opening(hit, {"code": "edit {path}"}, desk())
    assert launch.arguments == ("edit", hit.path)


@pytest.mark.parametrize(
    ("platform", "arguments"),
    [
        ("linux", ("xdg-open", "/docs")),
        ("darwin", ("open", "-R", PDF.path)),
        ("win32", ("explorer", f"/select,{PDF.path}")),
    ],
)
def test_folders(platform: str, arguments: tuple[str, ...]) -> None:
    assert plan_folder(PDF.path, desk(platform)).arguments == arguments


def test_a_file_inside_a_file_opens_the_file_that_holds_it() -> None:
    hit: Hit = make_hit("/a.zip", kind="text", member="notes.txt")
    assert plan_opening(hit, {}, desk(EDITOR="vim")).arguments == ("xdg-open", "/a.zip")
