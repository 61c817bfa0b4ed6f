"""The exact texts that models were trained to see around queries and passages, with source."""

from __future__ import annotations

# Qwen3-Embedding model card: no space after "Query:", documents bare.
QWEN3_QUERY = "Instruct: {task}\nQuery:{query}"
SEARCH_TASK = "Given a search query, retrieve passages from the user's files that answer the query"
CODE_TASK = "Given a question about code, retrieve the code that answers it"

# multilingual-e5 model card.
E5_QUERY = "query: "
E5_PASSAGE = "passage: "

# Qwen3-Reranker model card. The template's tokens are special, what's put into it never is.
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
