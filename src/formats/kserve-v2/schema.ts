import { listed, requestSchema } from "../openai/schema.ts";
import { DATATYPES } from "../tensors/index.ts";

/**
 * Members of inference requests that say nothing of the caller's: those of the protocol, of Triton's extensions (binary
 * data, shared memory, classification, sequences, schedule policy), and MLServer's names of codecs.
 */
export const SCHEMA = requestSchema({
  governed: listed(
    `inputs outputs parameters model_name datatype shape data binary_data binary_data_size binary_data_output
    shared_memory_region shared_memory_offset shared_memory_byte_size`,
  ),
  words: {
    datatype: Object.keys(DATATYPES),
    content_type: listed("str base64 np pd datetime hg_json raw dict json"),
  },
  keys: listed(
    `classification sequence_id sequence_start sequence_end priority timeout headers max_tokens temperature
    triton_enable_empty_final_response`,
  ),
  ids: listed("id name model_version"),
});
