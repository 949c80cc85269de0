/**
 * Valence of words and phrases from −4 (worst) to 4 (best), written for talk about markets and crypto assets. A word stands for its inflections too (`crash`:
 * crashes, crashed, crashing). Phrases are joined by spaces and win over their words; 0 silences a word inside a harmless phrase.
 */
const PLAIN = `
4: superb outstanding phenomenal flawless
3.3: amazing awesome excellent fantastic brilliant perfect incredible wonderful love loved best magnificent
2.8: great win winner winning happy happiest joy superior thrilled delighted triumph masterpiece
2.3: good better success successful profit profitable strong strength powerful excited exciting impressive beautiful reward rewarding celebrate prosper
1.9: nice smart solid enjoy glad helpful easy safe secure safest trust trusted trustworthy reliable dependable stable stability confident confidence benefit beneficial gain improve improved improvement useful valuable worth worthy worthwhile like fun cool fair free freedom hope hopeful optimistic optimism promising support supportive healthy innovative innovation revolutionary revolution genius legit legitimate honest transparent transparency convince convinced agree recommend savings security wise sensible sound genuine generous robust versatile scalable
1.5: growth grow grew progress advance upgrade advantage efficient efficiency recover recovery rebound rise rising rose climb soar surge jump rally boost increase up higher approve approval adopt adoption embrace partner partnership launch secured fast faster cheap cheaper opportunity potential succeed achieve achievement milestone expand expansion thrive patient patience interesting interested important hero lol haha thank thanks please welcome bright future accept accepted proven prove king comeback survive popular wealthy wealth rich richer affordable simple
-1.3: down lower less doubt doubtful uncertain uncertainty unsure slow slower delay delayed difficult hard expensive costly concern concerned worry worried worrying cautious unlikely confuse confused confusing complicated problem issue volatile volatility fluctuate outdated old unable lack lacking limit limited decrease decline fall fell falling slip slump halt suspend pause slide ignore ignorant weird odd nothing
-1.8: bad weak weakness risk risky lose loser losing lost loss losses sad sorry miss missed mistake wrong fail failing negative poor cost trouble unfortunate unfortunately disappoint disappointing disappointed hype hyped overhyped overvalued inflated gamble gambling speculative bug buggy broken boring annoying angry mad blame complain complaint reject refuse deny warn warning drop plunge tumble sink sank dive dump sell-off selloff correction overpriced useless pointless meaningless sucker greedy greed bust crime criminal illegal lawsuit sue sued sanction ban banned prohibit fined penalty investigate investigation probe charges charged restrict crackdown mediocre shady shill shilled shilling victim victims trap excuse abandon abandoned betray betrayed mislead misleading deceptive deceive false fake flaw flawed unreliable insecure vulnerable slowdown layoff layoffs fired downgrade spam spammy unsafe desperate hopeless regret debt naive delusional delusion
-2.4: worse ugly hate hated terrible fear feared scared afraid panic worthless failure failed destroy destruction hurt harm harmful pain painful suffer suffering crash crashed collapse crisis danger dangerous threat threaten attack dead die died death dying kill killed cry lie lied liar lying dumb stupid idiot idiotic fool foolish moron garbage trash crap sucks suck bullshit shit shitty bankrupt bankruptcy insolvent insolvency default liquidated liquidation wreck ruin ruined stolen steal theft thief hack hacked hacker exploit exploited breach nonsense joke laughable ridiculous absurd crush crushed toxic nightmare mess damn wtf pathetic nonsensical letdown fleece fleeced obliterate obliterated trafficker traffickers corrupt corrupted corruption despicable fucked unbearable bogus hideous parasite cancer insane terrified doom doomed doomsday
-3.2: worst horrible horrific awful disgusting disaster disastrous catastrophe catastrophic scam scammer scammed fraud fraudulent fraudster ponzi evil monster atrocious abysmal devastating swindle con-man conman cult
`;

const CRYPTO = `
3: mooning moonshot lambo wagmi "to the moon" "diamond hands" "all time high" "new high" "record high" "all-time high" ath "bear market is over" "bottom is in"
2.3: moon bullish bull bulls hodl hodling hodler gm breakout "bull run" "bull market" "buy the dip" "bought the dip" "buying the dip" "buying opportunity" "green candle" "green candles" "strong buy" "time to buy" "short squeeze" outperform undervalued "store of value" "to the top" "going up" "go up" "went up" "goes up" oversold
1.8: buy buying bought accumulate accumulating accumulation stack stacking dca invest investing long longs staking yield "passive income" airdrop halving "doubled down" "double down" "going long" decentralized decentralised decentralization "mass adoption" inflow inflows listing listed integrate integration ownership "early days" "still early" "sound money" "digital gold" upside "let's go" "lets go" "take off" "taking off" "took off" "on sale" "use case" "zero fees" "no fees" "low fees" "comes back" "came back" "here to stay" "for life" "hedge against" "inflation hedge" "financial freedom" "keep buying" "all in"
1.2: pump pumping pumped rocket hold holding held holder bottomed
-1.3: fud dip shorting short shorts sell selling sold sell-pressure outflow outflows "profit taking" unstaking overbought dilution unlock resistance "paper hands" bubble bubbles
-2: bear bears bearish "bear market" dumping dumped downtrend underperform rekt capitulate capitulation bagholder "bag holder" bagholders "holding bags" "holding the bag" "left holding" "lose money" "losing money" "lost money" "red candle" "red candles" "sell off" "sell offs" "going down" "go down" "went down" "goes down" "margin call" delist delisted delisting depeg depegged depegging outage downtime "dead cat bounce" downside "no value" "no intrinsic value" "zero value" "carbon footprint" "waste of" "environmental disaster" "house of cards" "free fall" freefall "too high" "too low" "high fees" "gas fees" "fees are high" "too volatile" "worth nothing" "worth 0" "days are numbered" "had enough" "off a cliff" "edge of a cliff" "no future"
-3: rug rugged rugpull rugpulled "rug pull" "rug pulled" "pulled the rug" "exit scam" honeypot shitcoin shitcoins "shit coin" ngmi "pump and dump" "pyramid scheme" "ponzi scheme" "going to zero" "go to zero" "goes to zero" "went to zero" "death spiral" "stay away" "money laundering" "greater fool" "wash trading" "front running" "bank run" insider-trading "nail in the coffin" "free falling" "greater fools"
0: "bear in mind" "no doubt" "no problem" "no risk" "short term" "long term" "hard fork" "hard wallet" "hard cap" "hardware wallet" "proof of stake" "market maker" "like a" "just like" "look like" "looks like" "looked like" "feel like" "feels like" "something like" "things like" "stuff like" "as long as" "how long" "long time" "so long" "no longer" "less than" "at least" "fall back" "free market" "hold on" "sell side" "buy side" "declared dead" "dead like" "high level" "short sellers" "right now" "would like"
`;

const EMOJI = `
2.5: 🚀 🌕 🌙 💎 🤑 🔥 🐂 🎉 🥳 😍 ❤️ 💪 🏆 💚
1.8: 🙏 👍 😀 😃 😄 😁 😊 🙂 😎 👏 ✅ 📈 💰 😂 🤝 🙌 :) :-) :d :-d =) ;) <3 xd
-1.8: 👎 😞 😟 🙁 😕 😢 😭 😡 😠 🤬 📉 ⚠️ ❌ 😱 😨 😰 🤡 💔 :( :-( :'( :/ :-/ 🩸 🐻
-2.8: 💀 ☠️ 🤮 🗑️ 💩
`;

/** Words that turn the meaning of what follows. */
export const NEGATIONS = new Set(
  "not no never none nobody nothing neither nor cannot can't cant won't wont don't dont doesn't doesnt didn't didnt isn't isnt aren't arent wasn't wasnt weren't werent shouldn't wouldn't couldn't couldnt hasn't haven't hadn't ain't without hardly barely scarcely seldom rarely anything-but lacks".split(
    ' ',
  ),
);

/** Adverbs that make what follows stronger (positive) or weaker. */
export const BOOSTERS: ReadonlyMap<string, number> = new Map([
  ...words(
    'very really so extremely absolutely totally completely incredibly insanely super hugely highly truly deeply massively fucking freaking friggin especially particularly most more much way too utterly seriously ridiculously purely fully entirely literally definitely',
    1,
  ),
  ...words('slightly somewhat barely hardly kinda sorta partly fairly almost marginally little mildly relatively moderately occasionally', -1),
]);

function words(list: string, value: number): [string, number][] {
  return list.split(' ').map((word) => [word, value]);
}

/** Lines of `valence: word "a phrase" …`. */
function parse(table: string): [string, number][] {
  return table
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [, valence, entries] = /^(-?[\d.]+): (.*)$/.exec(line)!;
      return Array.from(entries!.matchAll(/"([^"]+)"|(\S+)/gu), (match): [string, number] => [match[1] ?? match[2]!, Number(valence)]);
    });
}

/** The crypto reading of a word wins over the plain one. */
export const LEXICON: ReadonlyMap<string, number> = new Map([...parse(PLAIN), ...parse(CRYPTO), ...parse(EMOJI)]);

export const LONGEST_PHRASE_WORDS = Math.max(...Array.from(LEXICON.keys(), (entry) => entry.split(' ').length));
