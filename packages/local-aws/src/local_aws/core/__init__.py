"""The core of the emulator: the world of one local AWS, its processes, its clock, and the patching of moto."""
