"""Find compilers, build, link, boot image."""
