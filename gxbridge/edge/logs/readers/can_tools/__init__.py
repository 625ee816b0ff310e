"""What programs and adapters of CAN buses write as text: lines of frames."""
