"""Traditional characters, as simplified ones: those of which labels are made, no dictionary."""

_TRADITIONAL = (
    "約圓萬億塊錢餘親媽爺孫兒監護師學鄰姪嬸歲齡滿週婦係養繼長獨單領導經闆會計財務區網員幹書記樓業戀對戰"
    "鄉輔權關無沒聾啞殘聽聰視癱癡憂鬱癥礙險緊級紅黃藍號現戶銀櫃檯館來從體應階歷裡縣廳辦課內騙詐陌撥匯帳轉錯號讓個嬰"
)
_SIMPLIFIED = (
    "约圆万亿块钱余亲妈爷孙儿监护师学邻侄婶岁龄满周妇系养继长独单领导经板会计财务区网员干书记楼业恋对战"
    "乡辅权关无没聋哑残听聪视瘫痴忧郁症碍险紧级红黄蓝号现户银柜台馆来从体应阶历里县厅办课内骗诈陌拨汇账转错号让个婴"
)
_TABLE = str.maketrans(_TRADITIONAL, _SIMPLIFIED)


def simplified(text: str) -> str:
    """Each character by itself, as far as it is known here."""
    return text.translate(_TABLE)
