"""Operations on a deployed stack, for any endpoint, AWS or local."""
