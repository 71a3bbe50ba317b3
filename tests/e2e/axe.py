"""What axe finds wrong with a page. Its script must be let in: `visit(bypass_csp=True)`."""

import pytest
from playwright.sync_api import Error, Page

from tests.e2e.conftest import ROOT

AXE = ROOT / "static" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async (within) => {
  const tags = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await axe.run(within, { runOnly: { type: "tag", values: tags } });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}"""

#: What axe throws when an element that it found is taken out of the page before it could name it: it must look again.
_OVERTAKEN = "reading 'nthChild'"
_LOOKS = 4


def violations(page: Page, within: str = "html") -> list[str]:
    """Each rule that is broken, with the elements. An open menu covers what is under it: look within the menu alone."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make install")
    page.add_script_tag(path=str(AXE))
    for _ in range(_LOOKS - 1):
        try:
            return list(page.evaluate(RUN, within))
        except Error as gone:
            if _OVERTAKEN not in gone.message:
                raise
    return list(page.evaluate(RUN, within))
