from pathlib import Path

import nbclient
import nbformat

NOTEBOOK = Path(__file__).with_name("analysis.ipynb")


def test_the_notebook_runs():
    """All of its cells, in a kernel of their own."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    printed = "".join(each.get("text", "") for each in notebook.cells[-1].outputs)
    assert printed == "3 reviews: You said: Is this review good or bad? Lovely\n"
