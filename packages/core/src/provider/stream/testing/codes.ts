/** Kinds and codes of errors and reasons for stopping, as providers, gateways and SDKs say them. */
export const SAID_CODES: Readonly<Record<string, string>> = {
  openai: `invalid_request_error authentication_error permission_error rate_limit_error server_error insufficient_quota
    rate_limit_exceeded context_length_exceeded model_not_found invalid_api_key billing_hard_limit_reached account_deactivated
    string_above_max_length integer_below_min_value array_above_max_length decimal_above_max_value unknown_parameter
    unsupported_value unsupported_parameter missing_required_parameter invalid_type invalid_value invalid_json_schema
    invalid_function_parameters invalid_image_url invalid_image_format image_parse_error image_content_policy_violation
    unsupported_image_media_type vector_store_timeout content_policy_violation moderation_blocked invalid_encrypted_content
    previous_response_not_found unsupported_country_region_territory mismatched_organization engine_overloaded
    data_residency_mismatch invalid_prompt requests tokens stop length tool_calls content_filter function_call
    max_output_tokens completed incomplete failed cancelled in_progress response_already_completed websocket_connection_limit_reached`,
  azure: `DeploymentNotFound OperationNotSupported ResponsibleAIPolicyViolation InvalidRequest 401 429
    SpecialFeatureOrQuotaIdRequired ServiceUnavailable InternalServerError content_filter`,
  anthropic: `invalid_request_error authentication_error billing_error permission_error not_found_error request_too_large
    rate_limit_error timeout_error api_error overloaded_error conflict_error end_turn max_tokens stop_sequence tool_use pause_turn
    refusal model_context_window_exceeded compaction`,
  google: `INVALID_ARGUMENT FAILED_PRECONDITION OUT_OF_RANGE UNAUTHENTICATED PERMISSION_DENIED NOT_FOUND ABORTED ALREADY_EXISTS
    RESOURCE_EXHAUSTED CANCELLED DATA_LOSS UNKNOWN INTERNAL UNIMPLEMENTED UNAVAILABLE DEADLINE_EXCEEDED API_KEY_INVALID
    FINISH_REASON_UNSPECIFIED STOP MAX_TOKENS SAFETY RECITATION LANGUAGE OTHER BLOCKLIST PROHIBITED_CONTENT SPII
    MALFORMED_FUNCTION_CALL IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION IMAGE_OTHER NO_IMAGE UNEXPECTED_TOOL_CALL
    TOO_MANY_TOOL_CALLS MISSING_THOUGHT_SIGNATURE MALFORMED_RESPONSE MODEL_ARMOR JAILBREAK`,
  aws: `AccessDeniedException ConflictException InternalServerException ModelErrorException ModelNotReadyException
    ModelStreamErrorException ModelTimeoutException ResourceNotFoundException ServiceQuotaExceededException
    ServiceUnavailableException ThrottlingException ValidationException ExpiredTokenException UnrecognizedClientException
    InvalidSignatureException MissingAuthenticationTokenException RequestExpired OptInRequired
    com.amazon.coral.service#UnrecognizedClientException content_filtered guardrail_intervened malformed_model_output
    malformed_tool_use model_context_window_exceeded`,
  mistral: `invalid_request_error invalid_model request_validation_error service_tier_capacity_exceeded unauthorized 1300 3505
    model_length error`,
  cohere: 'COMPLETE STOP_SEQUENCE MAX_TOKENS TOOL_CALL ERROR ERROR_TOXIC ERROR_LIMIT USER_CANCEL TIMEOUT',
  groq: `json_validate_failed tool_use_failed model_decommissioned blocked_api_access rate_limit_exceeded
    model_terms_required over_capacity`,
  deepseek: 'invalid_request_error authentication_error unknown_error insufficient_system_resource',
  moonshot: `exceeded_current_quota_error engine_overloaded_error invalid_authentication_error incorrect_api_key_error
    rate_limit_reached_error permission_denied_error`,
  alibaba: `InvalidParameter InvalidApiKey DataInspectionFailed data_inspection_failed Throttling.RateQuota
    Throttling.AllocationQuota Throttling.BurstRate Arrearage Model.AccessDenied ModelUnavailable InternalError.Timeout
    AllocationQuota.FreeTierOnly InternalError.Algo`,
  volcengine: `SensitiveContentDetected InputTextSensitiveContentDetected OutputImageSensitiveContentDetected AccountOverdueError
    RequestBurstTooFast ModelNotOpen ServerOverloaded InferenceLimitExceeded InvalidEndpoint.ClosedEndpoint`,
  zhipu: '1000 1113 1210 1261 1301 1302 sensitive network_error',
  'vllm, ollama, llama.cpp, TGI': `BadRequestError NotFoundError InternalServerError abort repetition exceed_context_size_error
    not_supported_error unavailable_error load unload eos_token incomplete_generation overloaded`,
  'openrouter, together, gateways': `provider_unavailable server_error provider_quota_exceeded provider_not_initialize
    completion_request_error upstream_error bad_gateway gateway_timeout upstream_timeout no_healthy_upstream`,
  ai: `AI_APICallError AI_NoObjectGeneratedError AI_TypeValidationError AI_JSONParseError AI_InvalidResponseDataError
    AI_TooManyEmbeddingValuesForCallError AI_LoadAPIKeyError AI_UnsupportedFunctionalityError content-filter tool-calls unknown`,
  litellm: `BadRequestError ContextWindowExceededError ContentPolicyViolationError UnsupportedParamsError BudgetExceededError
    APIConnectionError ServiceUnavailableError UnprocessableEntityError ImageFetchError MidStreamFallbackError
    RouterRateLimitError GuardrailRaisedException`,
  opencode: 'ProviderAuthError MessageOutputLengthError MessageAbortedError UnknownError APIError',
  classes: `_OTHER openai.RateLimitError openai.APITimeoutError httpx.ReadTimeout httpx.RemoteProtocolError
    anthropic.OverloadedError google.api_core.exceptions.ResourceExhausted botocore.errorfactory.ThrottlingException
    asyncio.exceptions.CancelledError builtins.ValueError ConnectionResetError BrokenPipeError UnicodeDecodeError
    json.decoder.JSONDecodeError java.net.SocketTimeoutException java.util.concurrent.TimeoutException
    System.Net.Http.HttpRequestException System.Threading.Tasks.TaskCanceledException ZeroDivisionError NotImplementedError
    OutputParserException GraphRecursionError AbortError TimeoutError SyntaxError`,
  systems: `ECONNREFUSED ECONNRESET ECONNABORTED EHOSTUNREACH ENOTFOUND ETIMEDOUT EAI_AGAIN UND_ERR_CONNECT_TIMEOUT
    UND_ERR_SOCKET ERR_INVALID_ARG_TYPE CERT_HAS_EXPIRED DEPTH_ZERO_SELF_SIGNED_CERT UNABLE_TO_VERIFY_LEAF_SIGNATURE`,
}
