# SPDX-License-Identifier: Apache-2.0
"""The checker of links finds what it should, in a small repository made for it."""

import pathlib
import tempfile
import unittest

import doc_links


def findings(text):
    """What is wrong with docs/a.md of this text; docs/b.md and server/ exist."""
    with tempfile.TemporaryDirectory() as root:
        for name, content in [("docs/a.md", text), ("docs/b.md", "# Some Heading, really\n"), ("server/c.cc", "")]:
            file = pathlib.Path(root) / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(content)
        checked, found = doc_links.check(root)
        assert checked == 2
        return found


class DocLinks(unittest.TestCase):
    def test_links_that_lead_somewhere_pass(self):
        for link in ["b.md", "./b.md", "../docs/b.md", "../server/", "../server/c.cc", "b.md#some-heading-really", "#top",
                     "https://example.org/none", "mailto:a@example.org", 'b.md "with a title"']:
            self.assertEqual(findings(f"# Top\n[text]({link})"), [], link)

    def test_links_to_nothing_are_found(self):
        for link in ["c.md", "/docs/b.md", "../../docs/b.md", "b.md#other", "#bottom"]:
            found = findings(f"# Top\n\n![picture]({link})")
            self.assertEqual(len(found), 1, link)
            self.assertTrue(found[0].startswith("docs/a.md:3: "), found)

    def test_code_is_no_link(self):
        self.assertEqual(findings("`a[i](x)`\n```\nf[0](y)\n```\n"), [])


if __name__ == "__main__":
    unittest.main()
