"""Trains two models of scikit-learn on data that it brings along, and prints what they predict themselves.

usage: train.py FOLDER    FOLDER gets a model repository of MLServer
"""

import json
import sys
from pathlib import Path

import joblib
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression

ROWS = 5


def write(folder, name, model, columns, output):
    place = folder / name
    place.mkdir()
    joblib.dump(model, place / "model.joblib")
    settings = {
        "name": name,
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": "./model.joblib", "version": "v1"},
        "inputs": [{"name": "x", "datatype": "FP64", "shape": [-1, columns]}],
        "outputs": [{"name": "predict", "datatype": output, "shape": [-1, 1]}],
    }
    (place / "model-settings.json").write_text(json.dumps(settings))


def main():
    folder = Path(sys.argv[1])
    told = {}
    for name, load, model, output in [
        ("iris", load_iris, LogisticRegression(max_iter=1000), "INT64"),
        ("diabetes", load_diabetes, LinearRegression(), "FP64"),
    ]:
        x, y = load(return_X_y=True)
        model.fit(x, y)
        rows = x[:: len(x) // ROWS]
        write(folder, name, model, x.shape[1], output)
        told[name] = {"rows": rows.tolist(), "predictions": model.predict(rows).tolist()}
    print(json.dumps(told))


main()
