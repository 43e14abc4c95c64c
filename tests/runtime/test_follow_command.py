"""What `follow` says while it reads (collect C46)."""

from journeyfold.runtime.follow_command import Progress, progress_line
from journeyfold.runtime.pull_standing import PullStanding


def test_a_line_says_how_much_came_and_how_far_it_is():
    standing = PullStanding(
        "crm", rows=1_200, appended=1_190, quarantined=10, position="0/1529DD0", lag_bytes=3 << 20
    )
    assert progress_line(standing) == (
        "crm: 1,200 changes, 1,190 appended, 10 quarantined; read up to 0/1529DD0, 3.0 MiB behind"
    )


def test_a_reader_that_has_nothing_left_says_so():
    standing = PullStanding("crm", position="0/1529DD0", lag_bytes=0)
    assert progress_line(standing).endswith("0 appended; read up to 0/1529DD0, up to date")


def test_a_line_is_said_when_its_time_has_come_and_not_before():
    said = []
    Progress(PullStanding("crm"), said.append).tell()
    assert said == []
    Progress(PullStanding("crm"), said.append, told_s=0).tell()
    assert said == ["crm: 0 changes, 0 appended; nothing read yet"]


def test_why_changes_are_rejected_is_said_at_once_and_once():
    said, standing = [], PullStanding("crm", rejected=1, refused="no purpose is granted")
    progress = Progress(standing, said.append)
    progress.tell()
    progress.tell()
    (line,) = said
    assert line.startswith("crm: rejected: no purpose is granted; ")
