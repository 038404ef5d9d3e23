"""The cost of a month, from the template and the price list: the tables of docs/cost.md."""
