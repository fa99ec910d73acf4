"""A model for MLServer that answers each request of a stream word by word, when it comes."""

from mlserver import MLModel
from mlserver.codecs import StringCodec
from mlserver.types import InferenceResponse


class Words(MLModel):
    async def load(self):
        return True

    async def predict(self, payload):
        return self.answer(payload, " ".join(self.words(payload)))

    async def predict_stream(self, payloads):
        async for payload in payloads:
            for word in self.words(payload):
                yield self.answer(payload, word)

    def words(self, payload):
        [text] = StringCodec.decode_input(payload.inputs[0])
        return text.split()

    def answer(self, payload, text):
        output = StringCodec.encode_output("said", [text])
        return InferenceResponse(model_name=self.name, id=payload.id, outputs=[output])
