"""What keeps the project in order: static checks, generators of docs, deliberate faults. No product code imports it."""
