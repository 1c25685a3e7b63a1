"""Code generation: tensor programs to device binaries (IREE), weights to parameter archives."""
