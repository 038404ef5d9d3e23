"""Development tools: static checks, generators of docs, mutation tests. No product code imports them."""
