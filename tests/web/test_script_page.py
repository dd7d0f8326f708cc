"""The page of scripts, by plain form posts: nothing of it needs a script of the browser's."""

from __future__ import annotations

import io
import re

import pytest
from starlette.testclient import TestClient
from web_stock import Stock

TEXT = "The red boat waits at the quay of the harbour all day.\n\nNobody speaks of the blue house."


def chosen(html: str, act: str) -> list[str]:
    """The values of the page's buttons that do this."""
    return re.findall(rf'name="act" value="{act}:([^"]+)"', html)


def held(html: str, name: str) -> list[str]:
    return re.findall(rf'<input type="hidden" name="{name}" value="([^"]+)">', html)


def test_a_script_is_planned_locked_and_planned_again(local: TestClient, stock: Stock):
    assert local.get("/script").status_code == 200
    answer = local.post("/script", data={"text": TEXT, "act": "plan"})
    assert answer.status_code == 200
    assert answer.text.count('class="scripted"') == 2
    locks = chosen(answer.text, "lock")
    first = next(each for each in locks if each.startswith("1="))
    # A lock is a field of the form from then on.
    answer = local.post("/script", data={"text": TEXT, "act": f"lock:{first}"})
    assert held(answer.text, "lock") == [first]
    assert chosen(answer.text, "unlock") == [first]
    again = local.post("/script", data={"text": TEXT, "act": "plan", "lock": first})
    assert held(again.text, "lock") == [first]
    free = local.post("/script", data={"text": TEXT, "lock": first, "act": f"unlock:{first}"})
    assert held(free.text, "lock") == []


def test_others_are_proposed_and_those_passed_over_come_back(local: TestClient):
    shown = local.post("/script", data={"text": TEXT, "act": "plan", "take": 1}).text
    passed = chosen(shown, "others")[0]
    line, _, clips = passed.partition("=")
    later = local.post("/script", data={"text": TEXT, "take": 1, "act": f"others:{passed}"}).text
    assert held(later, "avoid") == [f"{line}={clip}" for clip in clips.split(",")]
    assert not {f"{line}={clip}" for clip in clips.split(",")} & set(chosen(later, "lock"))
    back = {"text": TEXT, "take": 1, "avoid": held(later, "avoid"), "act": "again"}
    assert chosen(local.post("/script", data=back).text, "lock") == chosen(shown, "lock")


def test_a_bin_is_made_of_the_plan_and_offered_for_export(local: TestClient, stock: Stock):
    answer = local.post("/script", data={"text": TEXT, "act": "bin", "name": "Tonight's story"})
    assert answer.status_code == 200
    [number] = set(re.findall(r'href="/api/v1/bins/(\d+)/export\?format=otio"', answer.text))
    shown = stock.catalog.bin.show(int(number))
    assert {item["line"] for item in shown["items"]} <= {1, 2}
    # The same name again is a reason to say so, not to lose the plan.
    twice = local.post("/script", data={"text": TEXT, "act": "bin", "name": "Tonight's story"})
    assert twice.status_code == 409
    assert 'role="alert"' in twice.text
    assert twice.text.count('class="scripted"') == 2
    stock.catalog.bin.delete(int(number))


def test_a_file_stands_in_the_box_and_gives_the_same_lines_again(local: TestClient):
    srt = "1\n00:00:01,000 --> 00:00:04,500\nThe red boat waits.\n"
    sent = {"file": ("story.srt", srt.encode(), "application/x-subrip")}
    shown = local.post("/script", data={"act": "plan"}, files=sent).text
    assert "3.5 s" in shown
    box = re.search(r"<textarea[^>]*>(.*?)</textarea>", shown, re.DOTALL)
    assert box is not None
    text = box[1].replace("&gt;", ">")
    assert text == srt
    assert "3.5 s" in local.post("/script", data={"text": text, "act": "plan"}).text

    from docx import Document

    document, written = Document(), io.BytesIO()
    document.add_paragraph("The red boat waits at the quay.")
    document.save(written)
    sent = {"file": ("story.docx", written.getvalue(), "application/octet-stream")}
    shown = local.post("/script", data={"act": "plan"}, files=sent).text
    assert "The red boat waits at the quay." in shown


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"text": ""}, 422),
        ({"text": TEXT, "filter": "nonsense:1"}, 422),
        ({"text": TEXT, "filter": "plain words"}, 422),
        ({"text": TEXT, "lock": "9=1"}, 422),
        ({"text": TEXT, "lock": "1=999999999"}, 404),
        ({"text": TEXT, "bin_used": "none of the kind"}, 404),
    ],
)
def test_what_cannot_be_planned_is_said_and_the_text_stays(
    local: TestClient, data: dict[str, str], status: int
):
    answer = local.post("/script", data={"act": "plan", **data})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert data["text"].split("\n")[0] in answer.text


def test_what_a_script_says_is_text(local: TestClient):
    answer = local.post("/script", data={"text": "<script>alert(1)</script> & more", "act": "plan"})
    assert "<script>alert" not in answer.text


def test_a_viewer_plans_and_an_editor_makes_the_bin(as_role: dict[str, TestClient]):
    viewer = as_role["viewer"]
    assert viewer.post("/script", data={"text": TEXT, "act": "plan"}).status_code == 200
    refused = viewer.post("/script", data={"text": TEXT, "act": "bin", "name": "x"})
    assert refused.status_code == 403
    assert as_role["nobody"].get("/script").status_code in (303, 401)


def test_nobody_is_shown_what_they_do_not_see(as_role: dict[str, TestClient]):
    shown = as_role["news_viewer"].post("/script", data={"text": TEXT, "act": "plan", "take": 20})
    assert shown.status_code == 200
    assert "secretfilm" not in shown.text
