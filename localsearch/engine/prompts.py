"""The exact texts that models were trained to see around queries and passages, with source."""

from __future__ import annotations

# Model card of Qwen3-Embedding: no space after "Query:", documents bare. What follows is the query.
QWEN3_QUERY = "Instruct: {task}\nQuery:"
SEARCH_TASK = "Given a search query, retrieve passages from the user's files that answer the query"
CODE_TASK = "Given a question about code, retrieve the code that answers it"

# Model card of multilingual-e5.
E5_QUERY = "query: "
E5_PASSAGE = "passage: "

# Model card of Qwen3-Reranker. The template's tokens are special, what's put into it never is.
RERANK_PREFIX = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and"
    ' the Instruct provided. Note that the answer can only be "yes" or "no".<|im_end|>\n'
    "<|im_start|>user\n"
)
RERANK_INSTRUCT = "<Instruct>: "
RERANK_QUERY = "\n<Query>: "
RERANK_DOCUMENT = "\n<Document>:"
RERANK_SUFFIX = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
RERANK_YES = "yes"
RERANK_NO = "no"
RERANK_TASK = "Given a search query, retrieve relevant passages that answer the query"
