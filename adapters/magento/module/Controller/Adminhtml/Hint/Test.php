<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Controller\Adminhtml\Hint;

use Comeback\Loyalty\Model\Courier;
use Comeback\Loyalty\Model\Settings;
use Magento\Backend\App\Action;
use Magento\Backend\App\Action\Context;
use Magento\Framework\App\Action\HttpPostActionInterface;
use Magento\Framework\Controller\Result\Json;
use Magento\Framework\Controller\Result\JsonFactory;

/**
 * The button "Send a Test Hint": a POST, so that Magento asks for the form key.
 */
class Test extends Action implements HttpPostActionInterface
{
    public const ADMIN_RESOURCE = 'Comeback_Loyalty::config';

    private Settings $settings;

    private Courier $courier;

    private JsonFactory $jsonFactory;

    /**
     * @param Context $context
     * @param Settings $settings
     * @param Courier $courier
     * @param JsonFactory $jsonFactory
     */
    public function __construct(
        Context $context,
        Settings $settings,
        Courier $courier,
        JsonFactory $jsonFactory
    ) {
        parent::__construct($context);
        $this->settings = $settings;
        $this->courier = $courier;
        $this->jsonFactory = $jsonFactory;
    }

    /**
     * Send the hint and say what came of it.
     *
     * @return Json
     */
    public function execute()
    {
        return $this->jsonFactory->create()->setData(['words' => (string)$this->words()]);
    }

    /**
     * Say what came of it, in the language of the admin.
     *
     * @return \Magento\Framework\Phrase
     */
    private function words()
    {
        if (!$this->settings->isReady()) {
            return __('Save an address and a secret first.');
        }
        $answer = $this->courier->test();
        if ($answer->isTaken()) {
            return __('Comeback took the hint; its page of activity shows it.');
        }
        if ($answer->isRefused()) {
            return __(
                'Comeback refuses it (%1): is the address whole, the secret the same on both sides, '
                . 'and the clock of this server right?',
                $answer->words()
            );
        }
        return __('Comeback did not take it: %1', $answer->words());
    }
}
