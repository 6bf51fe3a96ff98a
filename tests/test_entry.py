"""What is set up before NumPy is imported."""

import pytest

from corrconv.__main__ import has_unused_avx512

FLAGS = "flags\t\t: fpu avx2 avx512f avx512dq avx512cd avx512bw avx512vl avx512_vnni"


@pytest.mark.parametrize(
    ("processor", "asks"),
    [
        (f"vendor_id\t: AuthenticAMD\n{FLAGS}\n", True),
        (f"vendor_id\t: AuthenticAMD\n{FLAGS.replace('avx512vl ', '')}\n", False),
        (f"vendor_id\t: AuthenticAMD\n{FLAGS.replace('avx512f', 'avx512fp16')}\n", False),
        (f"vendor_id\t: GenuineIntel\n{FLAGS}\n", False),
        ("", False),
    ],
)
def test_kernels_of_blas_are_chosen_only_where_the_processor_has_all_that_they_use(processor: str, asks: bool) -> None:
    assert has_unused_avx512(processor) is asks
