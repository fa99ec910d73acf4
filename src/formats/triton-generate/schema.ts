import { listed, requestSchema } from "../openai/schema.ts";

/**
 * Members of generate requests that say nothing of the caller's: those of the extension, and the inputs of the models
 * that the backends for vLLM and TensorRT-LLM (`ensemble`, `tensorrt_llm_bls`) are installed with.
 */
export const SCHEMA = requestSchema({
  governed: listed("text_input parameters max_tokens request_output_len sampling_parameters"),
  words: {},
  keys: listed(
    `stream temperature top_k top_p min_p seed random_seed n best_of min_tokens min_length ignore_eos logprobs
    presence_penalty frequency_penalty repetition_penalty length_penalty beam_width num_return_sequences
    end_id pad_id bad_words stop_words stop early_stopping return_log_probs return_context_logits
    return_generation_logits return_perf_metrics exclude_input_in_output exclude_input_from_output
    return_finish_reason return_cumulative_logprob return_logprobs return_token_ids return_num_input_tokens
    return_num_output_tokens return_num_token_ids embedding_bias_words embedding_bias_weights image image_input
    prompt_embedding_table prompt_vocab_size lora_task_id lora_weights lora_config lora_name num_draft_tokens
    use_draft_logits decoder_text_input sequence_id sequence_start sequence_end priority timeout
    binary_data_output language language_id runtime_top_p runtime_top_k`,
  ),
  ids: ["id"],
});
