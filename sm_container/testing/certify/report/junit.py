"""The verdicts as JUnit's XML, which every CI shows.

Source: the format is Ant's; https://github.com/testmoapp/junitxml says what is in use.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from sm_container.testing.certify.check import Outcome, Verdict
from sm_container.testing.certify.report.summary import Summary

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(summary: Summary) -> str:
    """One test suite with a test case a check; what is not applicable is skipped."""
    outcomes = [verdict.finding.outcome for verdict in summary.verdicts]
    suite = ElementTree.Element(
        "testsuite",
        name=_text(f"sm-container certify {summary.target}"),
        tests=str(len(outcomes)),
        failures=str(outcomes.count(Outcome.FAIL)),
        errors=str(outcomes.count(Outcome.ERROR)),
        skipped=str(outcomes.count(Outcome.NOT_APPLICABLE)),
        time=f"{summary.seconds:.3f}",
    )
    for verdict in summary.verdicts:
        _add_case(suite, verdict)
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _add_case(suite: ElementTree.Element, verdict: Verdict) -> None:
    check, finding = verdict.check, verdict.finding
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname="sm-container.certify",
        name=check.name,
        time=f"{verdict.seconds:.3f}",
    )
    tag = {
        Outcome.FAIL: "failure",
        Outcome.ERROR: "error",
        Outcome.NOT_APPLICABLE: "skipped",
    }.get(finding.outcome)
    if tag is None:
        ElementTree.SubElement(case, "system-out").text = _text(finding.seen)
        return
    told = ElementTree.SubElement(case, tag, message=_text(finding.seen))
    if finding.outcome is Outcome.FAIL:
        told.text = _text(f"{check.title}\nWhy: {check.why}\nTo mend it: {check.mend}")


def _text(given: str) -> str:
    """What XML can hold of a text that a program may have written."""
    return _NOT_XML.sub("\ufffd", given)
