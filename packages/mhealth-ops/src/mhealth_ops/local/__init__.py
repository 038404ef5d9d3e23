"""The pipeline on a local AWS: the stack, a copy of Kaggle beside it, the demo and the notebooks."""
