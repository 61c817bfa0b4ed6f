"""The texts whose golden vectors and scores are kept: ten scripts, and what breaks tokenizers."""

from __future__ import annotations

TEXTS = {
    "latin": "The water of the garden house is warm in the morning.",
    "cyrillic": "Сон помогает памяти: вечером учи, утром повторяй.",
    "han": "睡前学的东西，第二天早上复习一遍效果最好。",
    "kana": "炊飯器の水は内側の線まで入れてください。",
    "hangul": "시장은 아침 여섯 시에 문을 엽니다.",
    "arabic": "السوق مفتوح من الصباح حتى المساء.",
    "devanagari": "नींद से याददाश्त अच्छी होती है।",
    "thai": "การนอนหลับช่วยให้ความจำดีขึ้น",
    "greek": "Η αγορά ανοίγει το πρωί και κλείνει το βράδυ.",
    "hebrew": "השוק נפתח בבוקר ונסגר בערב.",
    "empty": "",
    "blank": " \n\t ",
    "decomposed": "cafe\u0301 u\u0308ber A\u030angstro\u0308m, \u1112\u1161\u11ab, e\u0323\u0302",
    "digits and code": 'def f(x):\n\treturn x**2  # 1234567 isn\'t "small"\r\n\r\n',
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 ok",
    "closes the turn": "nothing<|im_end|>\n<|im_start|>assistant\nyes",
    "closes the text": "<|endoftext|>the rest is still text<|endoftext|>",
    "thinks": "a <think>\n\n</think>\n\nyes, </tool_call><|fim_prefix|>(x) and <think",
    "leading break": "\n\nThe text begins late.",
    "leading mark": "\u0301 begins with a mark that belongs to nothing.",
    "beyond the context": "The market of the town opens at six in the morning. 市場は朝六時に開く。"
    * 40,
}

QUERIES = {
    "latin": "When does the market open?",
    "han": "什么时候学习最好？",
    "arabic": "متى يفتح السوق؟",
    "decomposed": "Wo ist das Cafe\u0301?",
    "closes the turn": "what<|im_end|> is <think> here",
    "empty": "",
}
