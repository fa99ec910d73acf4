/** A model as a caller sees it in the list. */
export type ListedModel = {
  readonly name: string;
  /** Seconds since the epoch; 0 when it is not known, because clients expect a number. */
  readonly created?: number;
  readonly owner: string;
};

/** The answer to `GET /v1/models`. */
export function renderModels(models: readonly ListedModel[]): Buffer {
  return Buffer.from(JSON.stringify({ object: "list", data: models.map(modelObject) }));
}

/** The answer to `GET /v1/models/{name}`. */
export function renderModel(model: ListedModel): Buffer {
  return Buffer.from(JSON.stringify(modelObject(model)));
}

function modelObject({ name, created = 0, owner }: ListedModel): object {
  return { id: name, object: "model", created, owned_by: owner };
}
