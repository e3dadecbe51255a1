<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Plugin;

use Comeback\Loyalty\Model\Courier;
use Comeback\Loyalty\Model\OpenSession;
use Comeback\Loyalty\Model\Queue;
use Magento\Authorization\Model\UserContextInterface;
use Magento\Framework\HTTP\PhpEnvironment\Response;
use Psr\Log\LoggerInterface;

/**
 * Tells Comeback at once, after the shopper has the answer.
 */
class DeliverAfterResponse
{
    private const MOST = 50;
    private const SECONDS = 2;

    private Queue $queue;

    private Courier $courier;

    private UserContextInterface $userContext;

    private OpenSession $session;

    private LoggerInterface $logger;

    /**
     * @param Queue $queue
     * @param Courier $courier
     * @param UserContextInterface $userContext
     * @param OpenSession $session
     * @param LoggerInterface $logger
     */
    public function __construct(
        Queue $queue,
        Courier $courier,
        UserContextInterface $userContext,
        OpenSession $session,
        LoggerInterface $logger
    ) {
        $this->queue = $queue;
        $this->courier = $courier;
        $this->userContext = $userContext;
        $this->session = $session;
        $this->logger = $logger;
    }

    /**
     * Send what this request noted; what comes of it is nobody's trouble here.
     *
     * @param Response $subject
     * @param mixed $result
     * @return mixed
     * @SuppressWarnings(PHPMD.UnusedFormalParameter)
     */
    public function afterSendResponse(Response $subject, $result)
    {
        if (!$this->queue->isTouched()) {
            return $result;
        }
        try {
            // A program that writes a thousand customers, Comeback itself among them, would make a thousand messages;
            // cron puts them together, a hundred to a message.
            if ($this->userContext->getUserType() === UserContextInterface::USER_TYPE_INTEGRATION) {
                return $result;
            }
            // Under PHP-FPM the shopper has the page from here on; elsewhere they wait for two seconds at most.
            if (function_exists('fastcgi_finish_request')) {
                fastcgi_finish_request();
            }
            // What they ask for next (the page that thanks them) would wait for the session until Comeback answers.
            $this->session->close();
            $this->courier->deliverAtOnce(self::MOST, self::SECONDS);
        } catch (\Throwable $error) {
            $this->logger->error('Comeback could not be told at once: ' . $error->getMessage());
        }
        return $result;
    }
}
