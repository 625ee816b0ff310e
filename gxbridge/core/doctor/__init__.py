"""The checks of `gxbridge doctor`: what was gathered goes in, rows with a verdict and advice come out."""
