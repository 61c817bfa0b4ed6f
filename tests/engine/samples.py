"""Texts in many languages and shapes, for what must hold whatever is embedded."""

from __future__ import annotations

LANGUAGES = {
    "en": "The queen of the hive is two years old, and the colony came well through the winter.",
    "de": "Der Vermieter muss die Heizung reparieren, sonst dürfen wir die Miete mindern.",
    "fr": "L'eau du jardin gèle la nuit ; il faudra couvrir les citronniers dès novembre.",
    "es": "¿Cuánto tarda el pan en subir si la cocina está fría? Unas tres horas.",
    "ru": "Сон помогает памяти: вечером учи, утром повторяй.",
    "el": "Η αγορά ανοίγει το πρωί και κλείνει το βράδυ.",
    "zh": "睡前学的东西，第二天早上复习一遍效果最好。睡眠帮助记忆。",
    "ja": "炊飯器の水は内側の線まで入れてください。ﾊﾝｶｸも全角も同じです。",
    "ko": "시장은 아침 여섯 시에 문을 열고 저녁 여덟 시에 닫습니다.",
    "th": "การนอนหลับช่วยให้ความจำดีขึ้น และน้ำตกสวยมาก",
    "ar": "السوق مفتوح من الصباح حتى المساء، والسمك طازج كل يوم.",
    "he": "השוק נפתח בבוקר ונסגר בערב.",
    "hi": "नींद से याददाश्त अच्छी होती है, और सुबह दोहराना चाहिए।",
    "ta": "தூக்கம் நினைவாற்றலை மேம்படுத்துகிறது.",
    "vi": "Chợ mở cửa từ sáng đến tối, trừ ngày lễ.",
    "tr": "Isıtma her gece arızalanıyor; lütfen tamir ettirin.",
}

SHAPES = {
    "empty": "",
    "blank": " \n\t\u3000 ",
    "decomposed": "cafe\u0301 u\u0308ber A\u030angstro\u0308m \u1112\u1161\u11ab",
    "compatibility": "ﬁne ½ ② ℌ Ａｂｃ １２３ ㍿",
    "invisible": "zero\u200bwidth so\u00adft \ufeffmark \u200fright",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 ok",
    "code": 'def f(x):\n\treturn x**2  # isn\'t "small"\r\n',
    "specials": "<s>a</s><pad><unk><mask> <|endoftext|> <think>no</think>",
    "nul": "before\x00after\x1b[31m",
    "lone surrogate": "half \ud83d of one",
    "one word": "Donaudampfschifffahrtsgesellschaft" * 40,
    "long": "The market of the town opens at six in the morning. 市場は朝六時に開く。" * 60,
}
