/* From server/stoppress/newsroom/embeds.json, made by `npm run vendor`. Do not edit. */
export const SITES = [
  {
    "name": "YouTube",
    "addresses": [
      "(?:[a-z]+\\.)?youtube(?:-nocookie)?\\.com/(?:watch/?\\?(?:.*&)?v=|(?:watch|shorts|live|embed|v|e)/)(?<id>[\\w-]{6,20})",
      "youtu\\.be/(?<id>[\\w-]{6,20})",
      "(?:[a-z]+\\.)?youtube\\.com/(?<id>playlist)(?=\\?.*list=)"
    ]
  },
  {
    "name": "Vimeo",
    "addresses": [
      "(?:www\\.|player\\.)?vimeo\\.com/(?:(?:video|videos|manage/videos|ondemand/[\\w-]{1,80}|channels/[\\w-]{1,80})/|(?:groups|album|showcase)/[\\w-]{1,80}/videos?/)?(?<id>[0-9]{5,12})"
    ]
  },
  {
    "name": "Vimeo",
    "addresses": [
      "(?:www\\.)?vimeo\\.com/event/(?<id>[0-9]{4,12})"
    ]
  },
  {
    "name": "X",
    "addresses": [
      "(?:www\\.|mobile\\.|m\\.)?(?:twitter|x)\\.com/(?:i/web|i|\\w{1,15})/status(?:es)?/(?<id>[0-9]{5,20})",
      "platform\\.(?:twitter|x)\\.com/embed/(?:Tweet|index)\\.html\\?(?:.*&)?id=(?<id>[0-9]{5,20})"
    ]
  },
  {
    "name": "Instagram",
    "addresses": [
      "(?:www\\.|m\\.)?(?:instagram\\.com|instagr\\.am)/(?:[\\w.]{1,30}/)?(?:p|reels?|tv)/(?<id>[\\w-]{5,40})"
    ]
  },
  {
    "name": "TikTok",
    "addresses": [
      "(?:www\\.|m\\.)?tiktok\\.com/(?:@[\\w.-]{1,40}/(?:video|photo)|(?:share/)?video|v|embed(?:/v[23])?|player/v1)/(?<id>[0-9]{5,25})"
    ]
  },
  {
    "name": "Facebook",
    "addresses": [
      "(?:[a-z-]+\\.)?facebook\\.com/(?:[\\w.-]{1,60}/videos/(?:[\\w.%-]{1,200}/)?|(?:watch/?|watch/live/?|video\\.php|video/embed)\\?(?:.*&)?(?:v|video_id)=)(?<id>[0-9]{5,25})"
    ]
  },
  {
    "name": "Facebook",
    "addresses": [
      "(?:[a-z-]+\\.)?facebook\\.com/reel/(?<id>[0-9]{5,25})"
    ]
  },
  {
    "name": "Facebook",
    "addresses": [
      "fb\\.watch/(?<id>[\\w-]{5,30})"
    ]
  }
];
