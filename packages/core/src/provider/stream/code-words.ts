/**
 * The words that kinds and codes of errors, reasons for stopping and tiers of service are made of, in lower case: those of the
 * providers, gateways and SDKs that are known, and of the classes of exceptions of their languages. A code of anything else may
 * be what somebody wrote, given back.
 *
 * @source openai, @anthropic-ai/sdk, @google/genai, @aws-sdk/client-bedrock-runtime, ai (types of errors and reasons, names of
 * exceptions); google.rpc.Code; docs.litellm.ai/docs/exception_mapping; error codes of Azure OpenAI, Mistral, Cohere, Groq,
 * DeepSeek, xAI, OpenRouter, Together, vLLM, Ollama and Alibaba's Model Studio, each in its documentation
 */
export const CODE_WORDS: ReadonlySet<string> = new Set(
  `
  abort aborted above absent abuse acceptable accepted access accessible account accounts action active adapter
  additional address addresses admin after again agent agents ai aiohttp algo alibaba allocated allocation allow allowed
  allowlist already altname amazon amazonaws ambiguous anthropic apache api apigw apis approval approve approved
  archived arg args argument arguments arithmetic armor array arrearage assertion async asyncio at attempt attempts
  attribute audio auth authenticated authentication authorization authorized auto available aws azure backend bad
  badgateway badrequest balance base bash batch be bedrock bedrockruntime before below beta billing binding blacklist
  block blocked blocking blocklist body boolean boto botocore bounds broken budget builtins burst busy by bytes cache
  cached call calling calls can cancel canceled cancellation cancelled cancelling cannot cap capacity capped caps
  categories category ceiling cerebras cert certificate certificates chain change changed changes charset chat checkout
  checkpoint choice choices chunk class claude client clone closed cloudflare cluster code codes cohere column com
  common compact compaction complete completed completion completions compliance computer concurrency concurrent config
  configuration configured confirm confirmed conflict conflicting connect connecting connection connections constraint
  content contents context continuation continue continued contract control conversation conversion copyright coral core
  corrupt corrupted cost count country cpu create created creation credential credentials credit credits cuda current
  cyber daily damaged dashscope data database dataset day deactivated deadline decimal declined decode decoder decoding
  decommissioned deepseek default delay delete deleted delta demand denied deny denylist dependency depleted deployment
  deployments deprecated depth deserialization detected dimension dimensions disabled disconnect disconnected
  disconnection disk division dns document documents domain done down download downloadable downloaded downstream
  dropped duplicate duplicated duration during econnaborted econnrefused econnreset ehostunreach email embedding
  embeddings empty enabled encode encoding encrypted end ended endpoint enetunreach enforced engine enotfound entity
  enum environment environments eof eos eot err error errorfactory errors etimedout event exc exceed exceeded exceeding
  exceeds exception exceptions execute executed execution exhausted exist exists exit expectation experimental expired
  external extra fail failed failing fails failure failures fallback fallbacks fast fatal fault feature features fetch
  field fields file files filter filtered filtering fine finetune fingerprint finish finished first fix fixed flag
  flagged flex float floor for forbid forbidden format found fraud free frequency from fs full function functionality
  functions funds gated gateway gemini genai general generate generated generation generative generic gone google
  googleapi gpt gpu grant graph grok groq group grpc guardrail guardrails handle handling handshake hard harmful has
  header headers healthy high history hit host hour html http httpcore https httpx huggingface iam id identity ids
  illegal image images implemented import in inappropriate included incompatible incomplete incorrect increase index
  inference initialize initialized input inputs inspect inspection instance insufficient integer integrity internal
  interrupt interrupted interruption intervened invalid invite invocation invoke invoked io ip item items iteration
  jailbreak java javax job json jsondecode key keyboard keys langchain langfuse langgraph language large last later leaf
  length level license limit limited limits line list litellm llama llamacpp llamaindex llm load loading location lock
  locked login logit logout logprob logprobs long lookup loop lora loss lost low malformed managed management many map
  max maximum mcp media member membership memory message messages metadata method microsoft mid mime min minimum minute
  minutes mismatch mismatched misplaced missing mistral mistralai mixed modalities modality mode model modelarts models
  moderation modes module monthly moved much must name names native need needed needs net network new next nginx nim no
  node nodejs non none normal not notfound null nullpointer number nvidia oauth object of offline ok old ollama on only
  opaque open openai opened openrouter opentelemetry operation operations opt option options or org organization os
  other out outofrange output outputs over overage overdue overflow overload overloaded owner paid palm parallel param
  parameter parameters params parse parsed parser parsing part partial path pause paused payload payment penalty pending
  per performance permanent permission permissions perplexity pii pipe plan plugin pointer policies policy pool post
  precondition predict prediction preview previous primary priority privacy problem process processed processing profile
  program progress prohibited project prompt prompts properties property protocol provider providers provisioned proxy
  pydantic pydanticai python query queue queued quota quotas qwen raised range rate ratelimit ratelimited ratelimiting
  raw reached read ready realtime reason reasoning reasons recitation recursion redirect reference refresh refusal
  refused region registered registration reject rejected rejection remote removed repair repetition replica replicate
  repository request requests require required requirement requirements requires reserved reset residency resolution
  resolve resource resources response responses responsible restricted restriction result results retries retry
  retryable review revoked role route router row rpc rpm rps run runner running runtime safety sagemaker sandbox scale
  schema scope scoped sdk search second seconds secret security seed segmentation self sensitive sequence sequences
  serialization server service services session set setting settings shard shared short sign signal signature signed
  size skill slow small smithy socket special speech spend spending spii sql sse ssh ssl standard start started starting
  state states status step stop stopped stopping storage store stream streaming strict string subject subscription
  succeeded success such support supported suspended syntax sys system table target task tasks tcp team temperature
  temporarily temporary tenant terminated terms territory text tgi thinking thought thread threading threads threshold
  throttle throttled throttling throughput tier time timed timedout timeout tls to token tokens too tool tools toolset
  toomanyrequests toxic tpm trained training transaction transcript transcription transient trial truncated tuned tuning
  turn turns type types ui unable unauthenticated unauthorized unavailable und undecryptable under underflow undici
  unexpected unhandled unhealthy unicode unimplemented unknown unload unmatched unparsable unparseable unprocessable
  unreachable unreadable unrecognized unresolved unresponsive unsafe unset unspecified unsupport unsupported unverified
  up update updated updating upload upstream upstreams uri url urllib usage use user users uses utf util valid validate
  validated validation value values vault vector vendor vercel verification verify version vertex vertexai video
  violated violates violation violence vllm voice wait waiting warning web webhook websocket weekly weights while window
  with without word words worker workload workspace write wrong xai xml zero zone
  `
    .split(/\s+/)
    .filter((word) => word !== ''),
)
