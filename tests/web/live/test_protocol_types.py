"""The front end's types are those of the server."""

from pathlib import Path

import pytest

from live import typescript


def test_the_written_types_are_not_stale() -> None:
    path = Path(__file__).parents[3] / "static" / "src" / "protocol" / "types.ts"
    assert path.read_text() == typescript.document(), "run: python manage.py protocol_types"


def test_a_message_becomes_an_interface_with_its_wire_names() -> None:
    document = typescript.document()
    assert 'export interface Delta {\n  t: "delta";\n  gen: number;\n  from: number;\n  to: number;' in document
    assert "tables: Record<string, Table>;" in document


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(typescript.NoTypeScript, match="wanted a dataclass"):
        typescript._typed(set[int])
