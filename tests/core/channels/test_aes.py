"""AES-128 against FIPS 197 and NIST SP 800-38A, and its table against the definition."""

from __future__ import annotations

import pytest

from gxbridge.core.channels.readout.aes import SBOX, encrypt_block

VECTORS = [
    # FIPS 197, appendix B and C.1
    ("2b7e151628aed2a6abf7158809cf4f3c", "3243f6a8885a308d313198a2e0370734", "3925841d02dc09fbdc118597196a0b32"),
    ("000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a"),
    # NIST SP 800-38A, F.1.1 ECB-AES128
    ("2b7e151628aed2a6abf7158809cf4f3c", "6bc1bee22e409f96e93d7e117393172a", "3ad77bb40d7a3660a89ecaf32466ef97"),
    ("2b7e151628aed2a6abf7158809cf4f3c", "ae2d8a571e03ac9c9eb76fac45af8e51", "f5d3d58503b9699de785895a96fdbaaf"),
    ("2b7e151628aed2a6abf7158809cf4f3c", "30c81c46a35ce411e5fbc1191a0a52ef", "43b1cd7f598ece23881b00e3ed030688"),
    ("2b7e151628aed2a6abf7158809cf4f3c", "f69f2445df4f9b17ad2b417be66c3710", "7b0c785e27e8ad3f8223207104725dd4"),
    # NIST SP 800-38A, F.5.1 CTR-AES128, first counter block
    ("2b7e151628aed2a6abf7158809cf4f3c", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", "ec8cdf7398607cb0f2d21675ea9ea1e4"),
]


@pytest.mark.parametrize(("key", "plain", "cipher"), VECTORS)
def test_the_published_vectors(key: str, plain: str, cipher: str) -> None:
    assert encrypt_block(bytes.fromhex(key), bytes.fromhex(plain)).hex() == cipher


def times(a: int, b: int) -> int:
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def test_the_substitution_table_is_the_one_of_the_definition() -> None:
    """The inverse in GF(2^8), then the affine map of FIPS 197 5.1.1."""
    for value in range(256):
        inverse = next((b for b in range(256) if times(value, b) == 1), 0)
        rotated = [(inverse << n | inverse >> (8 - n)) & 0xFF for n in range(5)]
        expected = 0x63
        for turn in rotated:
            expected ^= turn
        assert SBOX[value] == expected


@pytest.mark.parametrize(("key", "block"), [(b"x" * 15, b"y" * 16), (b"x" * 16, b"y" * 17), (b"", b"")])
def test_other_lengths_are_refused(key: bytes, block: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes each"):
        encrypt_block(key, block)
