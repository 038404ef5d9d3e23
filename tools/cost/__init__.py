"""The cost model: the tables of docs/cost.md, from the template and the price list."""
