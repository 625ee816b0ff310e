"""The protocol: frames enter, messages with fields in SI units leave, and back. It knows the compiled database and no
device."""
