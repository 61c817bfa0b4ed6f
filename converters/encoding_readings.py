"""Whether a text reads like one in the encoding that it was decoded by; for guessing encodings."""

from __future__ import annotations

import re

# So much of a file is looked at; of UTF-8's elders, GB18030 has the longest characters.
SAMPLE_BYTES = 1 << 16
_LONGEST_CHARACTER = 4
# What everyday texts are full of, and other encodings' readings have hardly any of.
_COMMON_CHINESE = frozenset(
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里"
    "后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从"
    "动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给"
    "等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入"
    "先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提感"
    "金何更反合放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共风战干接它许八特觉望直服毛林"
    "题建南度统色字请交爱让认算论百吃义科怎元社术结六功指思非流每青管夫连远资队跟带花快条院变联言权往"
    "展该领传近留红治决周保达办运武半候七必城父强步完革深区即求品士转量空甚众技轻程告江语英基派满式李"
    "息写姓称号址址价格备注客户部经理议间点州海伟芳娜洋静勇苹果牛奶包鸡蛋米饭买菜费租工资校医银站午"
    "份证快乐谢谢付款发票订单编型颜大小重存库龄性班级绩数"
)
_COMMON_JAPANESE = frozenset(
    "一二三四五六七八九十百千万円人男女子父母兄姉弟妹友名前氏山川田石花木森林空雨雪火水土金月日年時分半"
    "上中下左右前後内外東西南北口目耳手足力気生先学校文字本読書話語言国町村市区都道府県社会員長部課係式"
    "株有限代表取締役営業所場店駅車電番号線話住所宅便局郵送料物品商売買上値段数量計合税込別備考注文予約定"
    "休開閉始終今来行帰出入立見聞思知作使用食飲事新古高安大小多少早明暗強弱長短近遠白黒赤青色形音楽歌絵体"
    "頭顔心病院医薬元親切同楽早朝昼夜晩午毎週曜間春夏秋冬海魚鳥犬猫牛馬肉米茶野菜紅麦地図門家室屋建築設工"
    "業製造機械情報技術研究教育育原野京阪神奈横浜名古屋広島福岡札幌千葉埼玉港渋谷新宿太郎鈴佐藤高橋伊渡辺村"
    "小林加藤吉井松木清水崎橋池阿部和正美恵雄夫一郎次介由香久保中村斎藤伺件資料確認お願申込受付担当者様御中"
    "電話番号備考円値段給料銀行病院会議時間場所牛乳買物水道気家賃明注文払私達売"
)
_COMMON = {
    "gb18030": _COMMON_CHINESE,
    "euc_jp": _COMMON_JAPANESE,
    "cp932": _COMMON_JAPANESE,
}
_KANA = re.compile("[\u3041-\u3093\u30a1-\u30f6\u30fc]")
_MAX_KANA_IN_CHINESE = 0.15
# Controls that no text has, characters that nobody assigned, and what couldn't be decoded.
_NO_TEXT = re.compile("[\x80-\x9f\ue000-\uf8ff\ufffd]")
# One word in two alphabets, of which neither is Chinese, Japanese, Korean or Thai.
_TWO_ALPHABETS = re.compile("[A-Za-z][\u0370-\u06ff]|[\u0370-\u06ff][A-Za-z]")
# Upright lines part the cells of tables, and may stand beside words.
_DRAWING = r"[\u2219-\u221a\u2264\u2265\u2500\u2501\u2504-\u2550\u2552-\u25a0]"
_DRAWING_AT_WORD = re.compile(rf"[^\W\d_]{_DRAWING}|{_DRAWING}[^\W\d_]")
# Hebrew and Thai marks stand on a letter of theirs, and some Thai vowels before one.
_MARK_ALONE = re.compile(
    r"(?:^|[\x00-\x7f])[\u0591-\u05c7\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]"
    r"|[\u0e40-\u0e44](?![\u0e01-\u0e2e])"
)
# A symbol inside a word: what a letter turns into when it's read in another code page.
# Vowels above and below letters are none.
SYMBOL_IN_WORD = re.compile(
    r"[^\W\d_][^\w\s\x00-\x7f‘’‐-―·│║\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0e31-\u0e4e]"
    r"[^\W\d_]"
)
# Their sentences have no blanks.
ASIAN = frozenset(("gb18030", "big5hkscs", "cp932", "euc_jp", "cp949"))
_SMALL_BEFORE_CAPITAL = re.compile("[\u03ac-\u03ce\u0430-\u045f][\u0386-\u03ab\u0400-\u042f]")
_FULL_BESIDE_HALF = re.compile("[\u3040-\u30ff\u4e00-\u9fff][\uff61-\uff9f]")
_ODDITIES = (
    *(_NO_TEXT, _TWO_ALPHABETS, _DRAWING_AT_WORD, _SMALL_BEFORE_CAPITAL, SYMBOL_IN_WORD),
    _MARK_ALONE,
)
_LETTERS = re.compile(r"[^\W\d_\x00-\x7f]")
# Of so many letters one may be odd.
_LETTERS_PER_ODDITY = 30


def reading(sample: bytes, encoding: str) -> str | None:
    """The sample decoded, its last character left out where it's cut; None where it can't be."""
    try:
        return sample.decode(encoding)
    except UnicodeDecodeError as error:
        is_cut = error.start >= SAMPLE_BYTES - _LONGEST_CHARACTER
        return reading(sample[: error.start], encoding) if is_cut else None


def is_plausible(text: str, encoding: str) -> bool:
    """Whether nothing in the reading says that the encoding is another one."""
    letters = len(_LETTERS.findall(text))
    if encoding == "gb18030" and len(_KANA.findall(text)) > _MAX_KANA_IN_CHINESE * letters:
        return False
    oddities = (_NO_TEXT, _FULL_BESIDE_HALF) if encoding in ASIAN else _ODDITIES
    odd = sum(len(oddity.findall(text)) for oddity in oddities)
    return odd * _LETTERS_PER_ODDITY <= letters


def common_share(text: str, encoding: str) -> float:
    """How many of the letters beyond ASCII are among the commonest of Chinese or Japanese."""
    letters = _LETTERS.findall(text)
    common = sum(char in _COMMON[encoding] or bool(_KANA.match(char)) for char in letters)
    return common / len(letters) if letters else 0.0


def is_hangul(text: str) -> bool:
    """Whether all of its letters beyond ASCII are Korean."""
    letters = _LETTERS.findall(text)
    return bool(letters) and all("\uac00" <= char <= "\ud7a3" for char in letters)


def is_half_width_katakana(sample: bytes) -> bool:
    """Whether all that isn't ASCII is the katakana of terminals and cash registers, one byte each.

    Their range holds the small letters of KOI8-R and the capitals of cp1251, and before those some
    katakana where these have drawings and rare letters.
    """
    high = [byte for byte in sample if byte > 0x7F]
    if not high or min(high) < 0xA1 or max(high) > 0xDF:
        return False
    return 10 * sum(0xB1 <= byte <= 0xBF for byte in high) >= len(high)
