"""AES-128, one block, encryption only: all that a Bluetooth advertisement needs. Standard library only, checked with
the vectors of FIPS 197. Not constant in time: it deciphers what anybody near can receive anyway, never secrets of ours.
"""

from __future__ import annotations

BLOCK = 16
KEY = 16
ROUNDS = 10

SBOX = bytes.fromhex(
    "637c777bf26b6fc53001672bfed7ab76ca82c97dfa5947f0add4a2af9ca472c0"
    "b7fd9326363ff7cc34a5e5f171d8311504c723c31896059a071280e2eb27b275"
    "09832c1a1b6e5aa0523bd6b329e32f8453d100ed20fcb15b6acbbe394a4c58cf"
    "d0efaafb434d338545f9027f503c9fa851a3408f929d38f5bcb6da2110fff3d2"
    "cd0c13ec5f974417c4a77e3d645d197360814fdc222a908846eeb814de5e0bdb"
    "e0323a0a4906245cc2d3ac629195e479e7c8376d8dd54ea96c56f4ea657aae08"
    "ba78252e1ca6b4c6e8dd741f4bbd8b8a703eb5664803f60e613557b986c11d9e"
    "e1f8981169d98e949b1e87e9ce5528df8ca1890dbfe6426841992d0fb054bb16"
)
"""Source: FIPS 197, figure 7; a test works it out again from the definition."""

_SHIFT = (0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11)
"""ShiftRows on a state that is stored column by column."""


def encrypt_block(key: bytes, block: bytes) -> bytes:
    """One block of 16 bytes under a key of 16 bytes. Raises ValueError for other lengths."""
    if len(key) != KEY or len(block) != BLOCK:
        raise ValueError("AES-128 takes a key and a block of 16 bytes each")
    keys = _expand(key)
    state = _xor(block, keys[0])
    for number in range(1, ROUNDS):
        state = _xor(_mix(_substitute(state)), keys[number])
    return _xor(_substitute(state), keys[ROUNDS])


def _expand(key: bytes) -> list[bytes]:
    words = [key[i : i + 4] for i in range(0, KEY, 4)]
    constant = 1
    for i in range(4, 4 * (ROUNDS + 1)):
        word = words[-1]
        if i % 4 == 0:
            word = bytes(SBOX[b] for b in word[1:] + word[:1])
            word = bytes([word[0] ^ constant]) + word[1:]
            constant = _double(constant)
        words.append(_xor(words[i - 4], word))
    return [b"".join(words[i : i + 4]) for i in range(0, len(words), 4)]


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def _double(value: int) -> int:
    """Times x in the field of AES."""
    return value << 1 if value < 0x80 else value << 1 ^ 0x11B


def _substitute(state: bytes) -> bytes:
    """SubBytes and ShiftRows in one."""
    return bytes(SBOX[state[i]] for i in _SHIFT)


def _mix(state: bytes) -> bytes:
    mixed = bytearray()
    for start in range(0, BLOCK, 4):
        column = state[start : start + 4]
        total = column[0] ^ column[1] ^ column[2] ^ column[3]
        mixed += bytes(column[i] ^ total ^ _double(column[i] ^ column[(i + 1) % 4]) for i in range(4))
    return bytes(mixed)
