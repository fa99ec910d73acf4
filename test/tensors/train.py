"""Trains three models of scikit-learn on data that it brings along, and prints what they predict themselves.

usage: train.py FOLDER    FOLDER gets a model repository of MLServer
"""

import json
import sys
from pathlib import Path

import joblib
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

ROWS = 5


def write(folder, name, model, inputs, output, **parameters):
    place = folder / name
    place.mkdir()
    joblib.dump(model, place / "model.joblib")
    settings = {
        "name": name,
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": "./model.joblib", "version": "v1", **parameters},
        "inputs": inputs,
        "outputs": [{"name": "predict", "datatype": output, "shape": [-1, 1]}],
    }
    (place / "model-settings.json").write_text(json.dumps(settings))


def write_by_name(folder):
    """A model that finds its input by name, and whose numbers are those of FP64."""
    x, y = load_diabetes(return_X_y=True, as_frame=True)
    column = x[["bmi"]].round(2)
    model = make_pipeline(ColumnTransformer([("named", "passthrough", ["bmi"])]), LinearRegression())
    model.fit(column, y)
    rows = column[:: len(column) // ROWS]
    inputs = [{"name": "bmi", "datatype": "FP64", "shape": [-1]}]
    write(folder, "progress_by_bmi", model, inputs, "FP64", content_type="pd")
    return {"rows": rows["bmi"].tolist(), "predictions": model.predict(rows).tolist()}


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
        inputs = [{"name": "x", "datatype": "FP64", "shape": [-1, x.shape[1]]}]
        write(folder, name, model, inputs, output)
        told[name] = {"rows": rows.tolist(), "predictions": model.predict(rows).tolist()}
    told["progress_by_bmi"] = write_by_name(folder)
    print(json.dumps(told))


main()
