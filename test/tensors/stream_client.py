"""A client of the Open Inference Protocol over gRPC that keeps one stream of requests open.

usage: stream_client.py triton|mlserver PORT KEY MODEL

Sends each line of its input as a text, at once, and prints each answer as a line of JSON when it comes: {"said": TEXT},
or {"error": TEXT, "status": CODE} for an error. With its input its stream ends, and so does it: {"ended": true}.
"""

import json
import queue
import sys
import threading

import grpc


def show(line):
    # In one piece: answers come on a thread of their own.
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def lines():
    for line in sys.stdin:
        yield line.rstrip("\n")


def triton(port, key, model):
    import numpy as np
    import tritonclient.grpc as client_of

    def on_answer(result, error):
        if error is not None:
            show({"error": error.message(), "status": error.status()})
        else:
            show({"said": result.as_numpy("said")[0].decode()})

    client = client_of.InferenceServerClient(f"127.0.0.1:{port}")
    client.start_stream(on_answer, headers={"authorization": f"Bearer {key}"})
    for text in lines():
        value = client_of.InferInput("text", [1], "BYTES")
        value.set_data_from_numpy(np.array([text.encode()], dtype=np.object_))
        try:
            client.async_stream_infer(model, [value])
        except Exception as error:
            show({"error": str(error), "status": None})
    client.stop_stream()
    client.close()


def mlserver(port, key, model):
    from mlserver.grpc import dataplane_pb2 as pb
    from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub

    requests = queue.Queue()

    def ask(text):
        value = pb.ModelInferRequest.InferInputTensor(name="text", datatype="BYTES", shape=[1])
        value.contents.bytes_contents.append(text.encode())
        requests.put(pb.ModelInferRequest(model_name=model, inputs=[value]))

    def send():
        for text in lines():
            ask(text)
        requests.put(None)

    threading.Thread(target=send, daemon=True).start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = GRPCInferenceServiceStub(channel).ModelStreamInfer(
            iter(requests.get, None), metadata=[("authorization", f"Bearer {key}")]
        )
        try:
            for response in call:
                show({"said": response.outputs[0].contents.bytes_contents[0].decode()})
        except grpc.RpcError as error:
            show({"error": error.details(), "status": f"StatusCode.{error.code().name}"})


if __name__ == "__main__":
    kind, port, key, model = sys.argv[1:]
    {"triton": triton, "mlserver": mlserver}[kind](port, key, model)
    show({"ended": True})
