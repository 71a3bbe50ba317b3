"""The garbage collector stands aside and comes back."""

import gc

import pytest

from simulator.engine.collector import without_collector


@pytest.mark.parametrize("is_on", [True, False])
def test_the_collector_is_afterwards_as_it_was(is_on: bool) -> None:
    (gc.enable if is_on else gc.disable)()
    try:
        with without_collector():
            assert not gc.isenabled()
            with without_collector():
                assert not gc.isenabled()
            assert not gc.isenabled()
        assert gc.isenabled() is is_on
        with pytest.raises(ValueError, match="wrong"), without_collector():
            raise ValueError("wrong")
        assert gc.isenabled() is is_on
    finally:
        gc.enable()
