"""The local AWS: moto with what it only pretends made real. A test double, in no production path."""
