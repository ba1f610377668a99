"""What a table of marks says of tries, and the tool that measures how long marking takes."""

import csv
import json

from course_utils.grading import submissions
from course_utils.grading.gradebook import Gradebook


def test_tries_that_were_handed_in_stand_in_the_table(tmp_path):
    """And where the record is older than the count, or not there, nothing does."""
    entry = {"status": "passed", "date": "2026-01-01"}
    for name, record in {
        "ada": {"squared_error": entry | {"tries": 3}},
        "ben": {"squared_error": entry},
        "cy": None,
    }.items():
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "lesson.ipynb").write_text("{}")
        if record is not None:
            (tmp_path / "in" / name / "progress.json").write_text(json.dumps(record))
    found, _ = submissions.find(tmp_path / "in")
    book = Gradebook(tmp_path / "marks.csv")
    mark = {"lesson": 1, "exercise": "squared_error", "points": 1, "of": 1, "status": "passed"}
    mark |= {"how": "apart", "work": 0.1, "look": "", "message": ""}
    for each in found:
        kept = {"name": each.name, "digest": each.digest(), "marks": [mark], "trouble": []}
        book.enter(each, kept | {"record": each.record()[0]})
    book.finish(found, [])
    rows = csv.DictReader((tmp_path / "marks.csv").read_text().splitlines())
    assert {row["name"]: row["tries"] for row in rows} == {"ada": "3", "ben": "", "cy": ""}
