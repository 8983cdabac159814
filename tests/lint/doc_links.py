# SPDX-License-Identifier: Apache-2.0
"""Checks that relative links of *.md lead somewhere: tests/lint/doc_links.py ROOT

A link names a file or folder of the repository, and after "#" a heading of a page.
"""

import pathlib
import posixpath
import re

import repository

LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
ELSEWHERE = re.compile(r"[a-z]+:|//")
# Fenced blocks and spans; indented text may be a list, and is read.
CODE = re.compile(r"^(```|~~~).*?^\1\s*$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def without_code(text):
    """The text with code blanked out, lines and columns kept."""
    return CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def anchors(text):
    """Names that headings get: lower case, words joined by hyphens, punctuation dropped."""
    headings = re.findall(r"^#{1,6}\s+(.*?)\s*#*$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def finding(root, page, target, paths):
    """What is wrong with one link, or None."""
    path, _, anchor = target.partition("#")
    place = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
    if place not in paths:
        return f"{target} leads to nothing in the repository"
    if anchor and place.endswith(".md") and anchor not in anchors(repository.text(root, place)):
        return f"{target}: {place} has no such heading"
    return None


def check(root):
    names = repository.files(root)
    paths = set(names) | {str(folder) for name in names for folder in pathlib.PurePosixPath(name).parents}
    pages = [name for name in names if name.endswith(".md")]
    findings = []
    for page in pages:
        text = without_code(repository.text(root, page))
        for match in LINK.finditer(text):
            target = match.group(1)
            wrong = None if ELSEWHERE.match(target) else finding(root, page, target, paths)
            if wrong:
                findings.append(f"{page}:{text.count(chr(10), 0, match.start()) + 1}: {wrong}")
    return len(pages), findings


if __name__ == "__main__":
    repository.run(check)
