<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Model;

use Magento\Framework\HTTP\Client\Curl;
use Magento\Framework\HTTP\Client\CurlFactory;

/**
 * Posts one message, once.
 */
class Sender
{
    private const CONNECT_SECONDS = 3;
    private const LONGEST_WAIT = 3600;

    private CurlFactory $curlFactory;

    private Settings $settings;

    private Signature $signature;

    private Clock $clock;

    /**
     * @param CurlFactory $curlFactory
     * @param Settings $settings
     * @param Signature $signature
     * @param Clock $clock
     */
    public function __construct(
        CurlFactory $curlFactory,
        Settings $settings,
        Signature $signature,
        Clock $clock
    ) {
        $this->curlFactory = $curlFactory;
        $this->settings = $settings;
        $this->signature = $signature;
        $this->clock = $clock;
    }

    /**
     * Post the message and say what came of it; never throws.
     *
     * @param Message $message
     * @param int $seconds how long the whole call may take
     * @return Answer
     */
    public function send(Message $message, int $seconds): Answer
    {
        $body = $message->body();
        $now = $this->clock->now();
        $curl = $this->curl($seconds);
        $curl->addHeader('Content-Type', 'application/json');
        // Magento's client would take curl's "100 Continue" for the answer, so nobody is asked for it.
        $curl->addHeader('Expect', '');
        $signed = $this->signature->headers($message->nonce(), $body, $now, $this->settings->secret());
        foreach ($signed as $name => $value) {
            $curl->addHeader($name, $value);
        }
        try {
            $curl->post($this->settings->address(), $body);
        } catch (\Throwable $error) {
            return new Answer(0, 0, $error->getMessage());
        }
        return new Answer((int)$curl->getStatus(), $this->wait($curl->getHeaders(), $now));
    }

    /**
     * Make a line that follows nobody elsewhere and speaks nothing but HTTP; certificates are checked as curl does.
     *
     * @param int $seconds
     * @return Curl
     */
    private function curl(int $seconds): Curl
    {
        $curl = $this->curlFactory->create();
        $curl->setTimeout($seconds);
        $curl->setOption(CURLOPT_CONNECTTIMEOUT, min($seconds, self::CONNECT_SECONDS));
        $curl->setOption(CURLOPT_FOLLOWLOCATION, false);
        $curl->setOption(CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
        return $curl;
    }

    /**
     * Read Retry-After, which is a number of seconds or a date.
     *
     * @param array $headers
     * @param int $now
     * @return int
     */
    private function wait(array $headers, int $now): int
    {
        $said = trim((string)(array_change_key_case($headers)['retry-after'] ?? ''));
        if ($said === '') {
            return 0;
        }
        $wait = ctype_digit($said) ? (int)$said : (int)strtotime($said) - $now;
        return max(0, min($wait, self::LONGEST_WAIT));
    }
}
