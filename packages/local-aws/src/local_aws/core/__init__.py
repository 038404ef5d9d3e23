"""What every room uses: the world of one local AWS, its processes, its clock, and how moto is patched."""
